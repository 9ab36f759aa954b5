"""python -m common.show: what keys, requests and certificates contain, and which belong together.

Each module imports only modules listed above it:

    der         reading DER
    grammar     naming its elements as the standards do
    contents    what a request or a certificate says, in words
    read        what is in a file
    bytes       the DER, line by line
    verdict     whether Let's Encrypt would accept a key or a request
    match       which keys, requests and certificates belong together
    describe    a page about each of them
"""
