"""From a file to a checked list, or every problem with its place and a hint. YAML comes in; shot
lists with their pictures and sounds go out. One function for each rule. Sends nothing and spends
nothing.
"""
