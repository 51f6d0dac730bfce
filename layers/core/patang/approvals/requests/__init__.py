"""Orders that a person or a program asks for: limits, the owner's yes where one is needed, and the sending."""
