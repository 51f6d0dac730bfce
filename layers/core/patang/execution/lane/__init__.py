"""The only sender: claiming, sending once, finding out, trying again in other terms."""
