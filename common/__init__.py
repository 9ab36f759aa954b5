"""What the tutorial left out: error checking, key options and names.

Each module has one concern, and imports only modules named above it here:

    console        messages, progress and exit status
    names          what a text means as a name, or why no CA may sign it
    letsencrypt    what Let's Encrypt in particular refuses
    pem            finding the private key in the text of a file
    files          reading and writing so that no key is lost or leaked
    twins          the OpenSSL command that does what a script did
    options        the command lines
"""
