"""What rests at the broker for a position: laid, kept in step, lifted, and found when it has triggered."""
