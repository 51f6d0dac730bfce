"""The desk's own authorization server: clients, a person's consent to each, codes, tokens, and their end.

OAuth 2.1 with PKCE; a person is known by his login at the broker, whose tokens never leave the desk.
"""
