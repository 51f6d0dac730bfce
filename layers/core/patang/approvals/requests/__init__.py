"""Orders that a person or a program asks for: limits, the yes where one is needed, and the sending."""
