"""Where tasks run: the service over HTTP, or an offline mock. A request comes in, a task's state
and its clip go out. ``base`` is the protocol that every backend fulfils: ``dashscope`` is the
service, ``mock`` an imitation that makes test clips. May use the catalog, media and words on
pictures; knows nothing of shot lists, runs or money spent.
"""
