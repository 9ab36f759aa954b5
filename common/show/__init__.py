"""python -m common.show: what is in keys, requests and certificates, and what belongs together.

Each module imports only modules that stand above it here:

    elements    taking DER apart
    pbes        how a private key is encrypted
    read        what is in a file
    signatures  what they are called, and whether they verify
    extensions  names, extensions and attributes in words
    verdict     whether Let's Encrypt would accept a key or a request
    describe    a page about each key, request and certificate
    match       which of them belong together
    bytes       the DER, line by line
"""
