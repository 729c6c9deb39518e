/// What a server on loopback shows of itself over TLS, as PEM; valid for `127.0.0.1` and `localhost` until 2126.
///
/// Made with openssl for these tests, and used nowhere else: the key protects nothing.
package enum LoopbackIdentity {
    /// The authority that signed the certificate, in no system's list.
    package static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBljCCATygAwIBAgIUDSks4ODyIKrbAZUuDmUCDo9TQKcwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwORHJvdmVyJ3MgdGVzdHMwIBcNMjYxMTI0MDY1MDQ4WhgPMjEy
        NjEwMzEwNjUwNDhaMBkxFzAVBgNVBAMMDkRyb3ZlcidzIHRlc3RzMFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAEXJMsTYd+0KzXNF7J67Pf3BJH/mVBLgYZcVvE+VdG
        tipT2kB9CXrr6LkOyiCP4KneOxGxSCLh2kM58abSkRgRQKNgMF4wHQYDVR0OBBYE
        FIu0Q/YVm0PwAXRN48Y1mPg10pWnMB8GA1UdIwQYMBaAFIu0Q/YVm0PwAXRN48Y1
        mPg10pWnMA8GA1UdEwEB/wQFMAMBAf8wCwYDVR0PBAQDAgIEMAoGCCqGSM49BAMC
        A0gAMEUCIQDa4jaikPxP2dJS2g2JhcufGSeqx1i8wjJuJlLBKA+BqgIgdqV3xbhf
        NqTuovTQRfHI8+BVYzY8E1Nt9LUrCFtdUaA=
        -----END CERTIFICATE-----
        """

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBpTCCAUqgAwIBAgIUObWcPbyQy3ZCSP5mbpb97xzQVfcwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwORHJvdmVyJ3MgdGVzdHMwIBcNMjYxMTI0MDY1MDQ4WhgPMjEy
        NjEwMzEwNjUwNDhaMBQxEjAQBgNVBAMMCTEyNy4wLjAuMTBZMBMGByqGSM49AgEG
        CCqGSM49AwEHA0IABDaPy6vVHFElkrkHV5t2yK+2mACgM91/PtrDGfpG4Q7bEHYi
        Ls1csSJC/gytm7BJiKUF+tSpSJaV3UsRqps1Mm+jczBxMBoGA1UdEQQTMBGHBH8A
        AAGCCWxvY2FsaG9zdDATBgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQUqqyv
        omk6WqIIGDDU1LHq4kKLf74wHwYDVR0jBBgwFoAUi7RD9hWbQ/ABdE3jxjWY+DXS
        lacwCgYIKoZIzj0EAwIDSQAwRgIhANtESY1cG890i7yoUPsqQA3j9tEI/O3Yp01r
        nLOrdVh1AiEAo+3P4mr69KPmsfU9WxyfFBIFpVv3rB8OSkjmZ/ujKtI=
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxZfK7RMWsD80IieN
        irNoUOlJKAWB4iOU7TafTW1Pdw2hRANCAAQ2j8ur1RxRJZK5B1ebdsivtpgAoDPd
        fz7awxn6RuEO2xB2Ii7NXLEiQv4MrZuwSYilBfrUqUiWld1LEaqbNTJv
        -----END PRIVATE KEY-----
        """
}
