"""`patang doctor`: what is wrong with a desk before it costs a day, and what to do about it."""
