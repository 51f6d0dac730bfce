"""Who is speaking: sign-in sessions, bearer tokens, principals."""
