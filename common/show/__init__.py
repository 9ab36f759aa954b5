"""python -m common.show: what keys, requests and certificates contain, and which belong together.

Each module imports only modules that stand above it here:

    der         reading DER
    grammar     what the standards call what is in it
    read        what is in a file
    bytes       the DER, line by line
    signed      what a request or a certificate says, in words
    verdict     whether Let's Encrypt would accept a key or a request
    describe    a page about each key, request and certificate
    match       which of them belong together
"""
