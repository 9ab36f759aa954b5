"""What the tutorial left out: error checking, key options and names.

Each module has one concern, and imports only modules that stand above it here:

    console        messages, progress and exit status
    slips          what was meant by a text that is no name
    names          what a text means as a name, or why no CA may sign it
    letsencrypt    what Let's Encrypt in particular refuses
    pem            finding the private key in the text of a file
    encryption     encrypting a private key, and telling how one is encrypted
    atomic         giving a file its name in one step
    files          what may be read, written and replaced
    passphrase     where a passphrase comes from
    options        the command lines
    twins          the OpenSSL commands that do what a script did
    keyscript      what the scripts that make a key have in common
    certkey        the key that signs a request
    csrscript      what make_csr does around the request itself
    describe       what there is to say of a key or a request
    inspection     what is in a file, described and checked
    show           python -m common.show
"""
