"""Where clips come from: the folder, a task at the service, own footage and still pictures. A shot
of the plan goes in, what its clip is comes out. Knows tasks and media, never a deliverable.
"""
