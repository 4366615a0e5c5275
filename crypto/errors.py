"""The exception tree of `crypto`."""

from crypto.explained import ExplainedError, Text


class CryptoError(ExplainedError):
    """Root of everything that `crypto` raises."""


class LibcryptoMissing(CryptoError):
    """The system has no libcrypto 3 with SM2."""

    code = "CRY-101"
    cause = Text(
        zh="系统缺少支持 SM2 的 OpenSSL 3 程序库（{detail}）。",
        en="The system has no OpenSSL 3 library with SM2 ({detail}).",
    )
    next_step = Text(zh="请安装 Debian 软件包 libssl3。", en="Install the Debian package libssl3.")


class LibcryptoFailed(CryptoError):
    """libcrypto refused an operation that our own checks let through."""

    code = "CRY-102"
    cause = Text(
        zh="密码库操作 {operation} 失败：{detail}。",
        en="The cryptographic library failed at {operation}: {detail}.",
    )
    next_step = Text(
        zh="请重试；仍失败时运行“make test”并把代码报给技术人员。",
        en="Try again; if it stays, run `make test` and report the code to a technician.",
    )


class KeyMalformed(CryptoError):
    """Bytes that should be an SM2 key are not one."""

    code = "CRY-110"
    cause = Text(zh="SM2 密钥无效：{detail}。", en="This is not an SM2 key: {detail}.")
    next_step = Text(zh="请换用正确的密钥文件。", en="Supply the right key file.")


class SignatureMalformed(CryptoError):
    """A signature is not of the form r, s with both in 1..n-1."""

    code = "CRY-111"
    cause = Text(zh="签名格式无效：{detail}。", en="The signature is malformed: {detail}.")
    next_step = Text(zh="请向签名方重新获取。", en="Get it anew from whoever signed it.")


class DecryptionFailed(CryptoError):
    """An SM2 ciphertext does not open under this key."""

    code = "CRY-112"
    cause = Text(zh="密文无法用此密钥解开。", en="The ciphertext does not open with this key.")
    next_step = Text(
        zh="请确认密钥属于本中心，且数据未被改动。",
        en="Check that the key is this centre's and that the data were not altered.",
    )


class TlvMalformed(CryptoError):
    """Bytes are not well-formed BER-TLV."""

    code = "CRY-120"
    cause = Text(zh="TLV 数据格式错误：{detail}。", en="The TLV data are malformed: {detail}.")
    next_step = Text(
        zh="请重新读卡；仍如此则此卡无法使用。", en="Read the card again; if it stays, it can't be used."
    )


class CredentialMalformed(CryptoError):
    """A tap credential does not have the form that docs/reference-applet.md gives."""

    code = "CRY-121"
    cause = Text(zh="卡片凭证格式错误：{detail}。", en="The card's credential is malformed: {detail}.")
    next_step = Text(
        zh="请重新刷卡；仍如此请持卡人到发卡机构检查卡片。",
        en="Tap again; if it stays, the holder should have the card checked by its issuer.",
    )


class TapProofMalformed(CryptoError):
    """The answer to INTERNAL AUTHENTICATE does not have the form of a tap proof."""

    code = "CRY-122"
    cause = Text(zh="卡片的动态签名格式错误：{detail}。", en="The card's tap proof is malformed: {detail}.")
    next_step = Text(
        zh="请重新刷卡；仍如此请持卡人到发卡机构检查卡片。",
        en="Tap again; if it stays, the holder should have the card checked by its issuer.",
    )


class TrustStoreMalformed(CryptoError):
    """The file of trust anchors can't be used."""

    code = "CRY-130"
    cause = Text(zh="信任库文件无效：{detail}。", en="The trust store is not usable: {detail}.")
    next_step = Text(
        zh="请重新登记终端以取得新的信任库。", en="Enrol the terminal again to get a new trust store."
    )


class TestKeyRefused(CryptoError):
    """Production mode met a key that is marked as a test key."""

    __test__ = False  # the name begins like a pytest class

    code = "CRY-131"
    cause = Text(
        zh="生产模式拒绝测试密钥（{key_id}）。",
        en="Production mode refuses the test key {key_id}.",
    )
    next_step = Text(
        zh="请向持牌发卡机构取得正式信任库，或把终端改为测试模式。",
        en="Get the trust store of the licensed issuer, or put the terminal in test mode.",
    )


class SealBroken(CryptoError):
    """A sealed record does not open: wrong key, wrong segment, or altered bytes."""

    code = "CRY-140"
    cause = Text(zh="密封记录无法打开：{detail}。", en="The sealed record does not open: {detail}.")
    next_step = Text(
        zh="请向该终端重新索取此记录；仍如此按被篡改处理。",
        en="Ask the terminal for the record again; if it stays, treat it as tampered with.",
    )


class ContentSignatureInvalid(CryptoError):
    """Signed content was not signed by the key that must sign it."""

    code = "CRY-141"
    cause = Text(zh="“{context}”的签名无效。", en="The signature on the {context} is not valid.")
    next_step = Text(
        zh="此内容未被采用。请从中心取回原文件；终端可移开数据目录后用新登记码重新登记。",
        en="It was not used. Get the file as the centre signed it; a terminal can move its data folder aside "
        "and enrol again with a new code.",
    )


class KeystoreRefused(CryptoError):
    """A key can't be created or loaded safely."""

    code = "CRY-150"
    cause = Text(zh="密钥“{name}”不可用：{detail}。", en="The key {name} can't be used: {detail}.")
    next_step = Text(
        zh="请检查密钥目录的所有者与权限（应为 0700/0600）。",
        en="Check owner and permissions of the key folder (0700 and 0600).",
    )


class CertificateRefused(CryptoError):
    """An X.509 certificate or request is not acceptable."""

    code = "CRY-160"
    cause = Text(zh="证书被拒绝：{detail}。", en="The certificate is refused: {detail}.")
    next_step = Text(zh="请重新登记终端。", en="Enrol the terminal again.")
