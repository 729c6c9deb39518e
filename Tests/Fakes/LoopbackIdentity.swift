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

    package static let certificate = """
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

    package static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxZfK7RMWsD80IieN
        irNoUOlJKAWB4iOU7TafTW1Pdw2hRANCAAQ2j8ur1RxRJZK5B1ebdsivtpgAoDPd
        fz7awxn6RuEO2xB2Ii7NXLEiQv4MrZuwSYilBfrUqUiWld1LEaqbNTJv
        -----END PRIVATE KEY-----
        """

    /// A certificate of a client, whose authority `LoopbackServer` asks for, and its key.
    package static let clientCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATagAwIBAgIUaHWk6xi0QxEMk3jiHS2puUHLcHcwCgYIKoZIzj0EAwIw
        JDEiMCAGA1UEAwwZQ2xpZW50cyBvZiBkcm92ZXIncyB0ZXN0czAgFw0yNjExMjcx
        MTQ1MjdaGA8yMTI2MTEwMzExNDUyN1owETEPMA0GA1UEAwwGZHJvdmVyMFkwEwYH
        KoZIzj0CAQYIKoZIzj0DAQcDQgAEeAaDMsrqCzxtOxMDwatHIs9PaB25JjZLDgbx
        4MrJsuD8ppOrWmiJZD82xQxrndVJOg3yy0lF5pcblELIKiCi3KNXMFUwEwYDVR0l
        BAwwCgYIKwYBBQUHAwIwHQYDVR0OBBYEFIvs0HEH/hA80aPZtCpVgZyZ08zNMB8G
        A1UdIwQYMBaAFBRTo/54dIcvwccc71B8ZuJECIKxMAoGCCqGSM49BAMCA0cAMEQC
        ID23c8I35Ch0l/eEhpCXiB78UHK0617LkQ9/i40urbfgAiByKjWfw5bIcOqVVc21
        Rl5enYNrW+GB4Z6VpfaAjuugQw==
        -----END CERTIFICATE-----
        """

    package static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGf4hq4q3VYdFCvdg
        tD9Q7ZXNLp25zsWZNahq4LoqmwuhRANCAAR4BoMyyuoLPG07EwPBq0ciz09oHbkm
        NksOBvHgysmy4Pymk6taaIlkPzbFDGud1Uk6DfLLSUXmlxuUQsgqIKLc
        -----END PRIVATE KEY-----
        """

    static let clientAuthority = """
        -----BEGIN CERTIFICATE-----
        MIIBrTCCAVKgAwIBAgIURnlvMyOQxggNB6WapaUxjIMuhA8wCgYIKoZIzj0EAwIw
        JDEiMCAGA1UEAwwZQ2xpZW50cyBvZiBkcm92ZXIncyB0ZXN0czAgFw0yNjExMjcx
        MTQ1MjdaGA8yMTI2MTEwMzExNDUyN1owJDEiMCAGA1UEAwwZQ2xpZW50cyBvZiBk
        cm92ZXIncyB0ZXN0czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBWkmWnpKFwf
        h6f9K7GyelqUA3bsX0HbX3Y/MoekkEDnSh5nBHcwqLOczVhAfLNU78WU6emGgEPM
        wbGKEp3eCASjYDBeMB0GA1UdDgQWBBQUU6P+eHSHL8HHHO9QfGbiRAiCsTAfBgNV
        HSMEGDAWgBQUU6P+eHSHL8HHHO9QfGbiRAiCsTAPBgNVHRMBAf8EBTADAQH/MAsG
        A1UdDwQEAwICBDAKBggqhkjOPQQDAgNJADBGAiEAwm108fdbhRYg5cBu/cdH9/wt
        qZTzq7s47PH7un+URdcCIQDX0d7Zev96YNLq6wyDfqb2aKFdtjZ9rtJIWbCQ/jqw
        Xw==
        -----END CERTIFICATE-----
        """
}
