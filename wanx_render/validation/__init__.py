"""From a file to a checked list: YAML in, shot lists with their pictures and sounds out, or every
problem with its place and a hint. One function for each rule. Sends nothing and spends nothing.
"""
