// SPDX-License-Identifier: Apache-2.0

/// Certificates of test servers and the authorities that signed them; their keys protect nothing.
enum TestCertificates {
    static let authorityA = """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATWgAwIBAgIUUaIvmezKP4m0W6MAuJfqZGVVVKswCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJVGVzdCBDQSBhMCAXDTI2MTEyMTA0MzgxOVoYDzIxMjYxMDI4
        MDQzODE5WjAUMRIwEAYDVQQDDAlUZXN0IENBIGEwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARhjbK4GbimMYJrddyBzRAUgsIg/b5H9q9ugfq3FdW20fx060vxMjCT
        DsenYOJJOSyeEMYMHSVTcshdNYeI7Ho6o2MwYTAdBgNVHQ4EFgQUYp34JjY+kGIh
        bxTMRyycGT29DacwHwYDVR0jBBgwFoAUYp34JjY+kGIhbxTMRyycGT29DacwDwYD
        VR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwCgYIKoZIzj0EAwIDSAAwRQIh
        AO4ts3dO043KwruodeVxSiSWenwAmbAtMED74x3XEEGrAiB2Q/jhuwLO30DmjeqD
        P1HnK3os5kPeBN15qX0lN676RA==
        -----END CERTIFICATE-----
        """
    static let chainA = """
        -----BEGIN CERTIFICATE-----
        MIIBuDCCAV+gAwIBAgIUTNsWJC9P+/3VLoOdcHYeQrOvPKcwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJVGVzdCBDQSBhMCAXDTI2MTEyMTA0MzgxOVoYDzIxMjYxMDI4
        MDQzODE5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAT/D8sodOx4cT+DMWpQmo4Ay7mYHIQdjAymnsEOreEOtnT1zu8MwFZK
        pY4C/Nf/rm/Q5aOCLd+fsMHE7SBYxqUro4GMMIGJMBoGA1UdEQQTMBGCCWxvY2Fs
        aG9zdIcEfwAAATAJBgNVHRMEAjAAMAsGA1UdDwQEAwIHgDATBgNVHSUEDDAKBggr
        BgEFBQcDATAdBgNVHQ4EFgQU4H0GXhtEApszqax6XrDj5ugPY4gwHwYDVR0jBBgw
        FoAUYp34JjY+kGIhbxTMRyycGT29DacwCgYIKoZIzj0EAwIDRwAwRAIgEbDtWtQJ
        tyNME9TC+xSN3cIMT1UiLth27H+0NM413uICIDkVaQA/SXetZAS8BwVTrT6JjEI5
        AlYFPNorEqTTmmox
        -----END CERTIFICATE-----
        """
    static let keyA = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9H9K27XtJrmAeGRZ
        le6Xn3dcaTPHBPS8OXdfYiC5EAOhRANCAAT/D8sodOx4cT+DMWpQmo4Ay7mYHIQd
        jAymnsEOreEOtnT1zu8MwFZKpY4C/Nf/rm/Q5aOCLd+fsMHE7SBYxqUr
        -----END PRIVATE KEY-----
        """
    static let authorityB = """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATWgAwIBAgIUXUGsVziHscnsJDsWZ/HW0AbHDxEwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJVGVzdCBDQSBiMCAXDTI2MTEyMTA0MzgxOVoYDzIxMjYxMDI4
        MDQzODE5WjAUMRIwEAYDVQQDDAlUZXN0IENBIGIwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAQncLw/nRvdz3Qi8F/eWF2H4kjrr3WRnJaQWGXg9dzE5MNcfVO7kqLU
        4MM9hyCNn6XustLbItd88dmwdF5MFhRko2MwYTAdBgNVHQ4EFgQUnrXnaZGlZFo3
        Cus0JdrHnmbNKpowHwYDVR0jBBgwFoAUnrXnaZGlZFo3Cus0JdrHnmbNKpowDwYD
        VR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwCgYIKoZIzj0EAwIDSAAwRQIh
        AKzTXcI56wC/6LPBGs4DvXJMU1RX1lE5Ws9d34BMTaqqAiBwEQaVAPIIMgLU12ya
        Lv8lbOKvDouYQumMl7KExlUDiA==
        -----END CERTIFICATE-----
        """
    static let chainB = """
        -----BEGIN CERTIFICATE-----
        MIIBuTCCAV+gAwIBAgIUTz6ewr/WTuTSOuym5MnoHsrq+LAwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJVGVzdCBDQSBiMCAXDTI2MTEyMTA0MzgxOVoYDzIxMjYxMDI4
        MDQzODE5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAR5Jg6SwqInkwELYHRxFjX+DEeWYkeYxuAfKobQ50e/QwQ34goBEmJ9
        HPTi1spzKxbqz9Y+nnjkKquyKe556FEbo4GMMIGJMBoGA1UdEQQTMBGCCWxvY2Fs
        aG9zdIcEfwAAATAJBgNVHRMEAjAAMAsGA1UdDwQEAwIHgDATBgNVHSUEDDAKBggr
        BgEFBQcDATAdBgNVHQ4EFgQUKO60I35YmlMuSQgicWUY1xX+KMAwHwYDVR0jBBgw
        FoAUnrXnaZGlZFo3Cus0JdrHnmbNKpowCgYIKoZIzj0EAwIDSAAwRQIgMPZbnaaN
        nXlyzOs1UOmp4SpJ4VLq1q0KCnPxDPTq8fkCIQCsBBItNc63fX4V50cO15uQTUUG
        NhA7xoXhbWEKz2c9Ug==
        -----END CERTIFICATE-----
        """
    static let keyB = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVMqK0yqrveujBdig
        gxbftfsKOYEFw2yMde3wH2Anb9ahRANCAAR5Jg6SwqInkwELYHRxFjX+DEeWYkeY
        xuAfKobQ50e/QwQ34goBEmJ9HPTi1spzKxbqz9Y+nnjkKquyKe556FEb
        -----END PRIVATE KEY-----
        """
}
