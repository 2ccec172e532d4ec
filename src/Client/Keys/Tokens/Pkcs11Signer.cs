using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using Net.Pkcs11Interop.Common;

namespace GovChain.Client.Keys.Tokens;

/// <summary>
/// Signs with a secp256k1 key that stays in a PKCS#11 token (mechanism CKM_ECDSA over the 32-byte digest). No signature
/// leaves before the token's own public key has verified it.
/// </summary>
/// <remarks>
/// Safe from any thread: one session, one signature at a time. A session that the token has lost is opened again once, with
/// the PIN that is kept in memory for it.
/// </remarks>
public sealed class Pkcs11Signer : ISigner
{
    private readonly Lock _gate = new();
    private readonly EngineVerifier _verifier = new(EnginePath.Portable, tablesMax: 1);
    private readonly TokenUri _uri;
    private readonly Passphrase _pin;
    private readonly Func<TokenKey> _open;
    private TokenKey? _key;
    private TokenException? _lost;
    private bool _disposed;

    /// <summary>Takes the key that opening gives, and proves that its two halves belong together.</summary>
    /// <param name="uri">The key's name.</param>
    /// <param name="pin">Wiped with this.</param>
    /// <param name="open">Opens a session with the key, at once and again when it was lost.</param>
    /// <exception cref="TokenException">It cannot be used.</exception>
    internal Pkcs11Signer(TokenUri uri, Passphrase pin, Func<TokenKey> open)
    {
        (_uri, _pin, _open) = (uri, pin, open);
        try
        {
            _key = open();
            PublicKey = _key.PublicKey;
            IsExtractable = _key.IsExtractable;
            Sign(Sha256.Hash("GovChain key check"u8));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public PublicKey PublicKey { get; }

    /// <summary>The key's name.</summary>
    public TokenUri Uri => _uri;

    /// <summary>Whether the token would give the private key out, as one may that was put into it from a file.</summary>
    public bool IsExtractable { get; }

    /// <summary>Opens a token and finds a key in it.</summary>
    /// <param name="uri">The key.</param>
    /// <param name="pin">The token's user PIN; a copy is kept until this is disposed.</param>
    /// <exception cref="TokenException">It cannot be used; <see cref="TokenError"/> says why.</exception>
    public static Pkcs11Signer Open(TokenUri uri, Passphrase pin)
    {
        var kept = new Passphrase(pin.Span);
        return new Pkcs11Signer(uri, kept, () => TokenKey.Open(uri, kept));
    }

    /// <summary>Makes a key in the token that never leaves it, and opens it.</summary>
    /// <param name="uri">Its name; where that has no id, a random one is added.</param>
    /// <param name="pin">As for <see cref="Open"/>.</param>
    /// <exception cref="TokenException">A key of this name is there, or the token makes none.</exception>
    public static Pkcs11Signer Create(TokenUri uri, Passphrase pin) => Open(TokenKey.Generate(uri, pin), pin);

    /// <inheritdoc/>
    /// <exception cref="TokenException">The token failed, is gone, or gave a wrong signature.</exception>
    public Signature Sign(Digest digest)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            byte[] bytes;
            try
            {
                bytes = SignOnce(digest);
            }
            catch (Pkcs11Exception e)
            {
                throw TokenFault.Explain(e, _uri);
            }
            return Signature.TryParse(bytes, out Signature signature) && signature.Normalise() is var low
                && _verifier.VerifyOne(PublicKey, digest, low)
                ? low
                : throw new TokenException(TokenError.TokenSignatureWrong,
                    $"The token \"{_uri.TokenName}\" gave a signature that the key {PublicKey} does not verify. It was not used. Do not trust the token "
                    + "or its module until you know why.");
        }
    }

    /// <summary>Closes the session and forgets the PIN; signing throws from then on.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _key?.Dispose();
            _key = null;
            _pin.Dispose();
        }
    }

    private byte[] SignOnce(Digest digest)
    {
        if (_key is null)
            throw new TokenException(_lost!.Error, _lost.Message, _lost);
        try
        {
            return _key.Sign(digest);
        }
        catch (Pkcs11Exception e) when (TokenFault.IsSessionLost(e.RV))
        {
            Reopen();
            return _key.Sign(digest);
        }
    }

    /// <summary>Where it fails, nothing is tried again: another wrong PIN might lock the token.</summary>
    private void Reopen()
    {
        _key!.Dispose();
        _key = null;
        try
        {
            _key = _open();
        }
        catch (TokenException e)
        {
            _lost = e.Error == TokenError.TokenMissing
                ? new TokenException(TokenError.TokenRemoved, $"The token is gone. {e.Message} Then start again.", e)
                : e;
            throw new TokenException(_lost.Error, _lost.Message, e);
        }
    }
}
