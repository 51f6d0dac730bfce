"""What people, programs and assistants can ask of the desk: one declaration a tool, for every surface."""
