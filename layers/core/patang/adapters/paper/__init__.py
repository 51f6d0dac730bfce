"""Paper trading: a broker whose book is in the desk's own table, and the exchange that fills it."""
