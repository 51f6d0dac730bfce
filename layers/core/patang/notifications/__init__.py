"""What the owner is told, and when: urgent things at once, the rest merged and not at night."""
