"""Write libcrypto_abi.py: what the terminal calls in libcrypto, parsed once, here.

    python -m crypto.libcrypto_build

Parsed at each start instead, these declarations would cost every terminal a C parser: 2.5 MiB and 30 ms.
A test compares the file with what this writes. cffi's documentation calls it "out-of-line ABI mode".
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cffi import FFI

FILE: Final = Path(__file__).with_name("libcrypto_abi.py")
DECLARATIONS: Final = """
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;
typedef struct bignum_st BIGNUM;
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_md_st EVP_MD;
typedef struct bio_st BIO;
typedef struct x509_st X509;
typedef struct x509_req_st X509_REQ;
typedef struct x509_name_st X509_NAME;
typedef struct x509_extension_st X509_EXTENSION;
typedef struct asn1_string_st ASN1_STRING;
typedef struct v3_ext_ctx {
    int flags; X509 *issuer_cert; X509 *subject_cert; X509_REQ *subject_req; void *crl;
    void *db_meth; void *db; EVP_PKEY *issuer_pkey;
} X509V3_CTX;

typedef struct {
    const char *key; unsigned int data_type; void *data; size_t data_size; size_t return_size;
} OSSL_PARAM;

unsigned long ERR_get_error(void);
void ERR_error_string_n(unsigned long e, char *buf, size_t len);
void ERR_clear_error(void);

BIO *BIO_new_mem_buf(const void *buf, int len);
BIO *BIO_new(const void *type);
const void *BIO_s_mem(void);
int BIO_read(BIO *b, void *data, int dlen);
size_t BIO_ctrl_pending(BIO *b);
int BIO_free(BIO *a);

EVP_PKEY *EVP_PKEY_Q_keygen(void *libctx, const char *propq, const char *type, ...);
void EVP_PKEY_free(EVP_PKEY *pkey);
int EVP_PKEY_is_a(const EVP_PKEY *pkey, const char *name);
int EVP_PKEY_get_octet_string_param(const EVP_PKEY *pkey, const char *name,
                                    unsigned char *buf, size_t max, size_t *len);
int EVP_PKEY_get_bn_param(const EVP_PKEY *pkey, const char *name, BIGNUM **bn);
int BN_bn2binpad(const BIGNUM *a, unsigned char *to, int tolen);
void BN_free(BIGNUM *a);
EVP_PKEY *PEM_read_bio_PUBKEY(BIO *bp, EVP_PKEY **x, void *cb, void *u);
EVP_PKEY *PEM_read_bio_PrivateKey(BIO *bp, EVP_PKEY **x, void *cb, void *u);
int PEM_write_bio_PUBKEY(BIO *bp, EVP_PKEY *x);
int PEM_write_bio_PrivateKey(BIO *bp, const EVP_PKEY *x, const void *enc, unsigned char *kstr, int klen,
                             void *cb, void *u);

const EVP_MD *EVP_sm3(void);
EVP_MD_CTX *EVP_MD_CTX_new(void);
void EVP_MD_CTX_free(EVP_MD_CTX *ctx);
EVP_PKEY_CTX *EVP_PKEY_CTX_new_from_pkey(void *libctx, EVP_PKEY *pkey, const char *propq);
EVP_PKEY_CTX *EVP_PKEY_CTX_new_from_name(void *libctx, const char *name, const char *propq);
void EVP_PKEY_CTX_free(EVP_PKEY_CTX *ctx);
int EVP_PKEY_fromdata_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_fromdata(EVP_PKEY_CTX *ctx, EVP_PKEY **ppkey, int selection, OSSL_PARAM *params);
int EVP_PKEY_CTX_set1_id(EVP_PKEY_CTX *ctx, const void *id, int id_len);
void EVP_MD_CTX_set_pkey_ctx(EVP_MD_CTX *ctx, EVP_PKEY_CTX *pctx);
int EVP_DigestSignInit(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type, void *e, EVP_PKEY *pkey);
int EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sig, size_t *siglen,
                   const unsigned char *tbs, size_t tbslen);
int EVP_DigestVerifyInit(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type, void *e,
                         EVP_PKEY *pkey);
int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t siglen,
                     const unsigned char *tbs, size_t tbslen);
int EVP_PKEY_sign_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *siglen,
                  const unsigned char *tbs, size_t tbslen);
int EVP_PKEY_encrypt_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_encrypt(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *outlen,
                     const unsigned char *in, size_t inlen);
int EVP_PKEY_decrypt_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_decrypt(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *outlen,
                     const unsigned char *in, size_t inlen);

X509_NAME *X509_NAME_new(void);
void X509_NAME_free(X509_NAME *name);
int X509_NAME_add_entry_by_txt(X509_NAME *name, const char *field, int type,
                               const unsigned char *bytes, int len, int loc, int set);

X509_REQ *X509_REQ_new(void);
void X509_REQ_free(X509_REQ *req);
int X509_REQ_set_version(X509_REQ *req, long version);
int X509_REQ_set_subject_name(X509_REQ *req, const X509_NAME *name);
int X509_REQ_set_pubkey(X509_REQ *req, EVP_PKEY *pkey);
EVP_PKEY *X509_REQ_get_pubkey(X509_REQ *req);
X509_NAME *X509_REQ_get_subject_name(const X509_REQ *req);
void X509_REQ_set0_distinguishing_id(X509_REQ *x, ASN1_STRING *d_id);
int X509_REQ_sign_ctx(X509_REQ *x, EVP_MD_CTX *ctx);
int X509_REQ_verify(X509_REQ *a, EVP_PKEY *r);
int PEM_write_bio_X509_REQ(BIO *bp, X509_REQ *x);
X509_REQ *PEM_read_bio_X509_REQ(BIO *bp, X509_REQ **x, void *cb, void *u);

X509 *X509_new(void);
void X509_free(X509 *x);
int X509_set_version(X509 *x, long version);
ASN1_STRING *X509_get_serialNumber(X509 *x);
int ASN1_INTEGER_set_uint64(ASN1_STRING *a, uint64_t r);
int X509_set_subject_name(X509 *x, const X509_NAME *name);
int X509_set_issuer_name(X509 *x, const X509_NAME *name);
X509_NAME *X509_get_subject_name(const X509 *x);
int X509_set_pubkey(X509 *x, EVP_PKEY *pkey);
EVP_PKEY *X509_get_pubkey(X509 *x);
ASN1_STRING *X509_getm_notBefore(const X509 *x);
ASN1_STRING *X509_getm_notAfter(const X509 *x);
ASN1_STRING *ASN1_TIME_set(ASN1_STRING *s, int64_t t);
void X509V3_set_ctx(X509V3_CTX *ctx, X509 *issuer, X509 *subject, X509_REQ *req, void *crl, int flags);
X509_EXTENSION *X509V3_EXT_conf_nid(void *conf, X509V3_CTX *ctx, int ext_nid, const char *value);
void X509_EXTENSION_free(X509_EXTENSION *a);
int X509_add_ext(X509 *x, X509_EXTENSION *ex, int loc);
int OBJ_txt2nid(const char *s);
void X509_set0_distinguishing_id(X509 *x, ASN1_STRING *d_id);
int X509_sign_ctx(X509 *x, EVP_MD_CTX *ctx);
int X509_verify(X509 *a, EVP_PKEY *r);
int PEM_write_bio_X509(BIO *bp, X509 *x);
X509 *PEM_read_bio_X509(BIO *bp, X509 **x, void *cb, void *u);
ASN1_STRING *ASN1_OCTET_STRING_new(void);
int ASN1_OCTET_STRING_set(ASN1_STRING *str, const unsigned char *data, int len);
"""


def write(file: Path) -> None:
    """Write the module there."""
    ffi = FFI()
    ffi.set_source("crypto.libcrypto_abi", None)
    ffi.cdef(DECLARATIONS)
    ffi.emit_python_code(str(file))


if __name__ == "__main__":
    write(FILE)
