"""python -m common.show: what keys, requests and certificates contain, and which belong together.

Each module imports only modules listed above it:

    values      the value of an element of DER, for Python
    grammar     naming the elements as the standards do
    display     the value of an element, in words and as far as it may be shown
    bytes       the DER, line by line
    signature   verifying the signature of a request or a certificate
    parts       the keys, requests and certificates in a file
    loading     loading keys with OpenSSL and cryptography
    secrecy     which values of a document may be shown
    numbers     whether the numbers of a private key agree
    items       what a key, a request and a certificate say
    go_x509     what Go refuses in a request or a certificate
    opening     reading a key, a request or a certificate
    verdict     whether Let's Encrypt would accept a key or a request
    chain       which certificate issued which, and what is wrong with a chain of them
    match       which keys, requests and certificates belong together
    extensions  what an extension says
    describe    a page about each key, request and certificate
    legend      the letter of each key, who holds it, and what it signed
    markup      HTML, in which all text is escaped
    boxes       the elements of a file as boxes, in HTML
    picture     one page about all files, for a browser
    __main__    the command line
"""
