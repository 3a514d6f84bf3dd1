"""What people see of a run: text, HTML, and timelines for editing programs. Functions of events,
plans and manifests. Writes nothing but what it returns, except to the terminal.
"""
