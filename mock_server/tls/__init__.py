"""How clients with the vendor's own host in their code arrive here.

A local certificate authority, HTTPS with its certificates, and a proxy that is the vendor's hosts.
"""
