"""What the vendor offers, and other dated facts: models, prices, codes, hosts of results, sizes and
safe areas of platforms. YAML files with source and date come in, frozen records go out. May use the
ground only.
"""
