"""Where tasks run. A request comes in, a task's state and its clip go out. ``base`` is the protocol
that every backend fulfils: ``dashscope`` is the service over HTTP, ``mock`` an offline imitation
that makes test clips. May use the catalog, media and words on pictures; knows nothing of shot
lists, runs or money spent.
"""
