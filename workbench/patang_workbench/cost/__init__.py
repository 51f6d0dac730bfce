"""What a stage costs a month: its templates, what the desk was measured to use, and AWS's unit prices."""
