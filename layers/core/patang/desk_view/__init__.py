"""Read models: what pages, programs and assistants are shown of the desk."""
