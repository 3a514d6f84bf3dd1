"""What people see of a run: text and HTML. Functions of events, plans and manifests.
Writes nothing but what it returns, except to the terminal.
"""
