"""Step 4 of the course: a certificate from a practice CA on this machine.

Each module imports only modules listed above it, and modules of common:

    pebble       the practice CA
    acme_client  the messages to a CA
    files        reading the learner's files, and writing the certificate
    output       printing paragraphs, facts and what show says
    browser      commands that start a browser with new settings
    web_server   a web server that uses the certificate
    certificate  python -m course.certificate: the steps, one after the other
    deactivate   python -m course.deactivate: what to do about a stolen account key
"""
