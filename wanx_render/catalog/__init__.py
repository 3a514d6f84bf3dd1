"""What the vendor offers, with source and date: models, prices, codes. Hosts of results, sizes and
safe areas of platforms are here too. YAML files come in, frozen records go out. May use the ground
only.
"""
