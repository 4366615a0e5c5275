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


class IssuerRequestMalformed(CryptoError):
    """What an issuer hands in to have its key certified can't be used."""

    code = "CRY-132"
    cause = Text(zh="发卡机构的密钥文件无效：{detail}。", en="The issuer's key file is not usable: {detail}.")
    next_step = Text(
        zh="请向发卡机构重新索取（由“tongka issuer init”或“tongka issuer rotate”生成的 issuer.json）。",
        en="Get it anew from the issuer (the issuer.json that `tongka issuer init` or `rotate` wrote).",
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


class KeyFileMalformed(CryptoError):
    """A file does not hold an encrypted key, or not this one."""

    code = "CRY-151"
    cause = Text(zh="密钥文件无效：{detail}。", en="The key file is not usable: {detail}.")
    next_step = Text(
        zh="请勿改动或调换密钥文件；无法恢复时用新登记码重新登记。",
        en="Key files must not be altered or swapped; where the right one is lost, enrol again.",
    )


class KeystoreMissing(CryptoError):
    """A folder should be a keystore and is none."""

    code = "CRY-152"
    cause = Text(zh="“{directory}”不是密钥库。", en="{directory} is no keystore.")
    next_step = Text(
        zh="请检查路径；终端用新登记码重新登记，中心和发卡机构重新建立。",
        en="Check the path. A terminal enrols again with a new code; a centre or an issuer is made anew.",
    )


class KeystoreMalformed(CryptoError):
    """keystore.toml, or a setting that a person gave, can't be used."""

    code = "CRY-153"
    cause = Text(zh="密钥库的设置无效：{detail}。", en="The keystore's settings are not usable: {detail}.")
    next_step = Text(
        zh="请按提示改正 --keystore-setting 或密钥目录中的 keystore.toml（见运行手册）。",
        en="Correct --keystore-setting, or keystore.toml in the key folder (docs/operations.md).",
    )


class KeystoreKindUnknown(CryptoError):
    """No installed package has this kind of keystore."""

    code = "CRY-154"
    cause = Text(zh="没有“{kind}”类密钥库。", en="There is no keystore of kind {kind}.")
    next_step = Text(
        zh="请从已安装的种类中选择：{known}；或安装提供它的软件包。",
        en="Choose one of those installed: {known}; or install the package that has it.",
    )


class KeystoreUnprotected(CryptoError):
    """Production mode met keys that a stolen disk gives away."""

    code = "CRY-155"
    cause = Text(
        zh="生产模式拒绝未受保护的密钥库：磁盘被盗时密钥会泄露。",
        en="Production mode refuses an unprotected keystore: whoever steals the disk has the keys.",
    )
    next_step = Text(
        zh="有 TPM 时用 --keystore tpm 登记，否则用 --keystore credential（见运行手册）。",
        en="Enrol with --keystore tpm where there is a TPM, else with --keystore credential "
        "(docs/operations.md).",
    )


class KeystoreDiffers(CryptoError):
    """A folder holds a keystore of another kind, or with other settings, than was asked for."""

    code = "CRY-156"
    cause = Text(
        zh="“{directory}”已是“{kind}”类密钥库，或其设置与所给的不同。",
        en="{directory} is a keystore of kind {kind} already, or has other settings than those given.",
    )
    next_step = Text(
        zh="请用原来的种类和设置重试，或先移开该目录。",
        en="Try again with its kind and settings, or move the folder aside first.",
    )


class KeystoreSealedByAnother(CryptoError):
    """The keys were encrypted under another machine's TPM, or with another credential."""

    code = "CRY-157"
    cause = Text(
        zh="这些密钥是由另一个 TPM 或用另一份凭据加密的，在此打不开。",
        en="These keys were sealed by another TPM or with another credential and do not open here.",
    )
    next_step = Text(
        zh="请换回原来的 TPM 或凭据；换不回时（例如换过主板）移开数据目录，用新登记码重新登记。",
        en="Bring back the TPM or credential of before; where it is gone (a new mainboard), move the data "
        "directory aside and enrol again with a new code.",
    )


class CredentialRefused(CryptoError):
    """The service manager hands in no usable credential for the keystore."""

    code = "CRY-158"
    cause = Text(
        zh="服务管理器没有提供可用的密钥库凭据：{detail}。",
        en="The service manager hands in no usable credential for the keystore: {detail}.",
    )
    next_step = Text(
        zh="请由服务管理器启动，服务文件中写 LoadCredentialEncrypted=tongka-keystore（见运行手册）。",
        en="Start it by the service manager, with LoadCredentialEncrypted=tongka-keystore in the unit "
        "(docs/operations.md).",
    )


class TpmUnavailable(CryptoError):
    """There is no TPM to talk to, or nothing to talk to it with."""

    code = "CRY-159"
    cause = Text(zh="TPM 不可用：{detail}。", en="The TPM is not available: {detail}.")
    next_step = Text(
        zh="请安装 tpm2-tools，在固件设置中启用 TPM，把用户加入 tss 组，"
        "核对密钥目录 keystore.toml 中的 tcti；被占用时稍后重试。",
        en="Install tpm2-tools, enable the TPM in the firmware's setup, add the user to the group tss, and "
        "check tcti in keystore.toml of the key folder; where it is busy, try again later.",
    )


class TpmRefused(CryptoError):
    """The TPM answers and does not do what it is asked."""

    code = "CRY-180"
    cause = Text(zh="TPM 拒绝执行：{detail}。", en="The TPM refuses: {detail}.")
    next_step = Text(
        zh="请重启机器后再试；仍如此时把代码和原因告诉技术人员，必要时用新登记码重新登记。",
        en="Restart the machine and try again; if it stays, tell a technician code and cause, and enrol "
        "again with a new code if need be.",
    )


class CertificateRefused(CryptoError):
    """Root of all that is wrong with a certificate, a request or a revocation list."""

    code = "CRY-160"
    cause = Text(zh="证书被拒绝：{detail}。", en="The certificate is refused: {detail}.")
    next_step = Text(zh="请向签发机构重新索取。", en="Get it anew from whoever issued it.")


class CertificateMalformed(CertificateRefused):
    """Truncated, over-long, wrongly encoded, or followed by something. Facts: detail."""

    code = "CRY-161"
    cause = Text(zh="证书文件损坏：{detail}。", en="The certificate's file is damaged: {detail}.")


class CertificateAlgorithmRefused(CertificateRefused):
    """Signed by another algorithm than SM2 with SM3. Facts: algorithm."""

    code = "CRY-162"
    cause = Text(
        zh="证书的签名算法（{algorithm}）不是 SM2。",
        en="It is signed by {algorithm} and not by SM2 with SM3.",
    )
    next_step = Text(
        zh="请换用 SM2 证书；RSA、ECDSA 证书只用于 TLS。",
        en="Supply an SM2 certificate; RSA and ECDSA are for TLS alone.",
    )


class CertificateSignatureWrong(CertificateRefused):
    """Whoever it names as its issuer did not sign it. Facts: name."""

    code = "CRY-163"
    cause = Text(zh="“{name}”的签名无效。", en="The signature on {name} is wrong.")
    next_step = Text(
        zh="请向签发机构重新索取；仍如此按伪造处理。",
        en="Get it anew from whoever issued it; if it stays, treat it as forged.",
    )


class CertificateExpired(CertificateRefused):
    """Its time is over. Facts: name, not_after."""

    code = "CRY-164"
    cause = Text(
        zh="“{name}”的证书已于 {not_after} 到期。", en="The certificate of {name} ended on {not_after}."
    )
    next_step = Text(
        zh="请核对本机时间；时间无误时请签发机构换发。",
        en="Check this machine's clock; if it is right, have the certificate renewed.",
    )


class CertificateNotYetValid(CertificateRefused):
    """Its time has not come. Facts: name, not_before."""

    code = "CRY-165"
    cause = Text(
        zh="“{name}”的证书自 {not_before} 起才有效。", en="The certificate of {name} begins on {not_before}."
    )
    next_step = Text(
        zh="请核对本机时间；时间无误时请等到该日。",
        en="Check this machine's clock; if it is right, wait for that day.",
    )


class CertificateExtensionUnknown(CertificateRefused):
    """A critical extension that this software does not know. Facts: extension."""

    code = "CRY-166"
    cause = Text(
        zh="证书含有本软件不认识的关键扩展 {extension}。",
        en="It has the critical extension {extension}, which this software does not know.",
    )
    next_step = Text(
        zh="请升级软件，或请签发机构不加此扩展。", en="Update the software, or have it issued without that."
    )


class CertificateIssuerUnknown(CertificateRefused):
    """No chain leads from it to the root that is trusted. Facts: name."""

    code = "CRY-167"
    cause = Text(
        zh="“{name}”的签发机构不受信任。", en="No chain leads from {name} to the root that is trusted here."
    )
    next_step = Text(
        zh="请取得完整的上级证书；仍如此说明它属于另一体系。",
        en="Get the certificates above it; if it stays, it belongs to some other authority.",
    )


class CertificateRevoked(CertificateRefused):
    """Its issuer withdrew it. Facts: name, at."""

    code = "CRY-168"
    cause = Text(zh="“{name}”的证书已于 {at} 被吊销。", en="The certificate of {name} was revoked on {at}.")
    next_step = Text(zh="请停止使用，并向签发机构申请新证书。", en="Stop using it and apply for a new one.")


class AuthorityRevoked(CertificateRevoked):
    """Not the certificate was withdrawn but one of the authorities above it. Facts: name, at."""

    code = "CRY-174"
    cause = Text(
        zh="签发机构“{name}”的证书已于 {at} 被吊销，其签发的证书一并失效。",
        en="The certificate of the authority {name} was revoked on {at}, and with it all that it issued.",
    )
    next_step = Text(
        zh="请停止使用，并向上级机构查询由谁重新签发。",
        en="Stop using it, and ask the authority above who issues it anew.",
    )


class CertificateUseRefused(CertificateRefused):
    """It is not for what it is used for. Facts: detail."""

    code = "CRY-169"
    cause = Text(zh="证书不能用于此处：{detail}。", en="The certificate is not for this use: {detail}.")
    next_step = Text(zh="请换用对应用途的证书。", en="Supply the one that is made for it.")


class CertificatePathTooLong(CertificateRefused):
    """More authorities stand between it and the root than one of them allows. Facts: name."""

    code = "CRY-170"
    cause = Text(
        zh="“{name}”以下的机构层数超出允许。", en="More authorities stand below {name} than it may have."
    )
    next_step = Text(zh="请由获准的机构重新签发。", en="Have it issued by an authority that may do so.")


class CertificateNameUnusable(CertificateRefused):
    """It has no single common name of 1 to 64 printable characters."""

    code = "CRY-171"
    cause = Text(
        zh="证书中没有唯一可用的名称（CN，1–64 个字符）。",
        en="It has no single usable common name (CN, 1 to 64 characters).",
    )


class CertificateRequestForged(CertificateRefused):
    """A certificate request is not signed by the key that it wants certified."""

    code = "CRY-172"
    cause = Text(
        zh="证书申请不是由其自身的 SM2 密钥签名。",
        en="The request is not signed by the SM2 key that it names.",
    )
    next_step = Text(zh="请申请方重新生成。", en="Let the applicant make it anew.")


class IssuingRefused(CertificateRefused):
    """An authority was asked for a certificate that it may not issue. Facts: detail."""

    code = "CRY-173"
    cause = Text(zh="不能签发此证书：{detail}。", en="This certificate can't be issued: {detail}.")
    next_step = Text(zh="请核对用途、层级与起止时间。", en="Check its role, its place and its dates.")
