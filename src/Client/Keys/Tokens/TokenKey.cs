using System.Security.Cryptography;
using System.Text;
using GovChain.Core.Cryptography;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace GovChain.Client.Keys.Tokens;

/// <summary>A key of a token, in a session that is logged in. One thread at a time.</summary>
/// <param name="session">The session, closed with this.</param>
/// <param name="key">The private key's handle in it.</param>
/// <param name="publicKey">The public half that stands beside it in the token.</param>
/// <param name="module">What the session belongs to, left with this.</param>
internal sealed class TokenKey(ISession session, IObjectHandle key, PublicKey publicKey, IDisposable module) : IDisposable
{
    /// <summary>The curve secp256k1 (1.3.132.0.10) as CKA_EC_PARAMS has it: an object identifier in DER.</summary>
    private static readonly byte[] Curve = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a];

    private const int NewIdBytes = 16;
    private const int IdsShown = 4;

    /// <summary>The public half.</summary>
    public PublicKey PublicKey => publicKey;

    /// <summary>Whether the token says that the private key can be taken out of it, or be seen.</summary>
    public bool IsExtractable { get; private init; }

    /// <summary>Opens a session and finds the key in it.</summary>
    /// <exception cref="TokenException">The module, token, PIN or key cannot be used.</exception>
    public static TokenKey Open(TokenUri uri, Passphrase pin)
    {
        Pkcs11Module? module = null;
        ISession? session = null;
        try
        {
            module = Pkcs11Module.Open(uri.ModulePath);
            session = LogIn(module.FindToken(uri), SessionType.ReadOnly, uri, pin);
            return Find(session, uri, module);
        }
        catch (Exception e)
        {
            Close(session);
            module?.Dispose();
            if (e is Pkcs11Exception fault)
                throw TokenFault.Explain(fault, uri);
            throw;
        }
    }

    /// <summary>Makes a key pair in the token, whose private half the token never gives out.</summary>
    /// <returns>The URI of the new key, with its id.</returns>
    /// <exception cref="TokenException">The token holds such a key already, or makes none.</exception>
    public static TokenUri Generate(TokenUri uri, Passphrase pin)
    {
        TokenUri named = uri.Id is null ? uri.With(RandomNumberGenerator.GetBytes(NewIdBytes)) : uri;
        using Pkcs11Module module = Pkcs11Module.Open(uri.ModulePath);
        ISession? session = null;
        try
        {
            session = LogIn(module.FindToken(uri), SessionType.ReadWrite, uri, pin);
            RequireNone(session, uri);
            RequireNone(session, named);
            session.GenerateKeyPair(
                session.Factories.MechanismFactory.Create(CKM.CKM_EC_KEY_PAIR_GEN), PublicTemplate(session, named),
                PrivateTemplate(session, named), out IObjectHandle publicHalf, out IObjectHandle privateHalf);
            if (IsExtractableKey(session, privateHalf))
            {
                session.DestroyObject(privateHalf);
                session.DestroyObject(publicHalf);
                throw new TokenException(TokenError.TokenUnsupported,
                    $"The token \"{uri.TokenName}\" made a key that can leave it, although it was told not to; the key is destroyed. Use another token.");
            }
            return named;
        }
        catch (Pkcs11Exception e)
        {
            throw TokenFault.Explain(e, uri);
        }
        finally
        {
            Close(session);
        }
    }

    /// <summary>Finds the key in a session that is logged in.</summary>
    /// <exception cref="TokenException">There is none or several, or it is not of the right kind.</exception>
    /// <exception cref="Pkcs11Exception">The module failed.</exception>
    internal static TokenKey Find(ISession session, TokenUri uri, IDisposable module)
    {
        List<IObjectHandle> found = session.FindAllObjects(Template(session, CKO.CKO_PRIVATE_KEY, uri));
        if (found.Count == 0)
            throw new TokenException(TokenError.TokenKeyMissing,
                $"The token \"{uri.TokenName}\" holds no private key as the URI describes it. Check object and id, or make the key with 'govchain key new'.");
        if (found.Count > 1)
            throw new TokenException(TokenError.TokenKeyAmbiguous,
                $"The token \"{uri.TokenName}\" holds {found.Count} private keys as the URI describes them. Name the one by its id: {Ids(session, found)}");
        IObjectHandle key = found[0];
        if (Number(session, key, CKA.CKA_KEY_TYPE) != (ulong)CKK.CKK_EC || Bytes(session, key, CKA.CKA_EC_PARAMS) is not { } curve
            || !curve.AsSpan().SequenceEqual(Curve))
            throw new TokenException(TokenError.TokenKeyWrongCurve,
                $"The key in the token \"{uri.TokenName}\" is on another curve than secp256k1, or of another kind. Name the right one, or make one with "
                + "'govchain key new'.");
        if (Flag(session, key, CKA.CKA_ALWAYS_AUTHENTICATE) == true)
            throw Unusable(uri, "it wants the PIN anew for every signature. Make one that does not");
        return new TokenKey(session, key, FindPublic(session, key, uri), module) { IsExtractable = IsExtractableKey(session, key) };
    }

    /// <summary>What CKM_ECDSA gives for the 32 bytes, unchecked.</summary>
    /// <exception cref="Pkcs11Exception">The module failed.</exception>
    public byte[] Sign(Digest digest)
    {
        using IMechanism mechanism = session.Factories.MechanismFactory.Create(CKM.CKM_ECDSA);
        return session.Sign(mechanism, key, digest.Span.ToArray());
    }

    /// <summary>Closes the session.</summary>
    public void Dispose()
    {
        Close(session);
        module.Dispose();
    }

    private static ISession LogIn(ISlot slot, SessionType type, TokenUri uri, Passphrase pin)
    {
        // Asked first: a try at a locked PIN may count.
        if (slot.GetTokenInfo().TokenFlags.UserPinLocked)
            throw TokenFault.Explain(new Pkcs11Exception("C_GetTokenInfo", CKR.CKR_PIN_LOCKED), uri);
        ISession session = slot.OpenSession(type);
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(pin.Span)];
        try
        {
            Encoding.UTF8.GetBytes(pin.Span, bytes);
            session.Login(CKU.CKU_USER, bytes);
            return session;
        }
        catch (Pkcs11Exception e) when (e.RV == CKR.CKR_USER_ALREADY_LOGGED_IN)
        {
            return session; // a login is the process's, not the session's
        }
        catch
        {
            Close(session);
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>A session that the module does not know any more is closed.</summary>
    private static void Close(ISession? session)
    {
        try
        {
            session?.Dispose();
        }
        catch (Pkcs11Exception)
        {
        }
    }

    private static void RequireNone(ISession session, TokenUri uri)
    {
        if (session.FindAllObjects(Template(session, CKO.CKO_PRIVATE_KEY, uri)).Count > 0)
            throw new TokenException(TokenError.TokenKeyExists,
                $"The token \"{uri.TokenName}\" holds a key of this name already, and a key is never replaced. Choose another object and id.");
    }

    /// <summary>The public half: the one with the private key's id or, where it has none, with the label that the URI
    /// gives.</summary>
    private static PublicKey FindPublic(ISession session, IObjectHandle key, TokenUri uri)
    {
        List<IObjectAttribute> template = Bytes(session, key, CKA.CKA_ID) is { Length: > 0 } id
            ? [Attribute(session, CKA.CKA_CLASS, CKO.CKO_PUBLIC_KEY), session.Factories.ObjectAttributeFactory.Create(CKA.CKA_ID, id)]
            : Template(session, CKO.CKO_PUBLIC_KEY, uri);
        PublicKey[] found = [.. session.FindAllObjects(template)
            .Select(o => Bytes(session, o, CKA.CKA_EC_POINT)).OfType<byte[]>().Select(PointOf).OfType<PublicKey>().Distinct()];
        return found.Length switch
        {
            1 => found[0],
            0 => throw Unusable(uri, "its public half is not beside it. Put the public key into the token, under the same id"),
            _ => throw new TokenException(TokenError.TokenKeyAmbiguous,
                $"The token \"{uri.TokenName}\" holds {found.Length} public keys under the private key's id. Remove those that are not its own."),
        };
    }

    /// <summary>A point: SEC 1, uncompressed or compressed, in an OCTET STRING as the standard has it or bare as some tokens do;
    /// null for what is none.</summary>
    internal static PublicKey? PointOf(byte[] point)
    {
        // Told by the whole length: a bare point begins with 04 as well, and its second byte may be anything.
        ReadOnlySpan<byte> bytes = point is [0x04, 2 * PublicKey.Size - 1, ..] && point.Length == 2 * PublicKey.Size + 1
            || point is [0x04, PublicKey.Size, ..] && point.Length == PublicKey.Size + 2 ? point.AsSpan(2) : point;
        if (bytes.Length == 2 * PublicKey.Size - 1 && bytes[0] == 0x04)
        {
            // The sign of y says the rest of it; a y that is not x's gives a key that verifies nothing the token signs.
            Span<byte> compressed = stackalloc byte[PublicKey.Size];
            compressed[0] = (byte)(0x02 + (bytes[^1] & 1));
            bytes[1..PublicKey.Size].CopyTo(compressed[1..]);
            return PublicKey.TryParse(compressed, out PublicKey? key) ? key : null;
        }
        return PublicKey.TryParse(bytes, out PublicKey? given) ? given : null;
    }

    private static TokenException Unusable(TokenUri uri, string why) => new(TokenError.TokenKeyUnusable,
        $"The key in the token \"{uri.TokenName}\" cannot sign here: {why}, or make a key with 'govchain key new'.");

    private static string Ids(ISession session, List<IObjectHandle> keys) => string.Join(", ", keys.Take(IdsShown).Select(k =>
        Bytes(session, k, CKA.CKA_ID) is { Length: > 0 } id ? "id=%" + Convert.ToHexStringLower(id).Chunk(2).Aggregate((string?)null,
            static (all, two) => all is null ? new string(two) : $"{all}%{new string(two)}") : "one without")) + ".";

    private static bool IsExtractableKey(ISession session, IObjectHandle key) =>
        Flag(session, key, CKA.CKA_EXTRACTABLE) != false || Flag(session, key, CKA.CKA_SENSITIVE) != true;

    private static List<IObjectAttribute> Template(ISession session, CKO kind, TokenUri uri)
    {
        List<IObjectAttribute> template = [Attribute(session, CKA.CKA_CLASS, kind)];
        if (uri.Object is { } label)
            template.Add(session.Factories.ObjectAttributeFactory.Create(CKA.CKA_LABEL, label));
        if (uri.Id is { } id)
            template.Add(session.Factories.ObjectAttributeFactory.Create(CKA.CKA_ID, id.ToArray()));
        return template;
    }

    private static List<IObjectAttribute> PublicTemplate(ISession session, TokenUri uri) =>
    [
        .. Template(session, CKO.CKO_PUBLIC_KEY, uri), Attribute(session, CKA.CKA_TOKEN, true), Attribute(session, CKA.CKA_PRIVATE, false),
        Attribute(session, CKA.CKA_VERIFY, true), session.Factories.ObjectAttributeFactory.Create(CKA.CKA_EC_PARAMS, Curve),
    ];

    private static List<IObjectAttribute> PrivateTemplate(ISession session, TokenUri uri) =>
    [
        .. Template(session, CKO.CKO_PRIVATE_KEY, uri), Attribute(session, CKA.CKA_TOKEN, true), Attribute(session, CKA.CKA_PRIVATE, true),
        Attribute(session, CKA.CKA_SENSITIVE, true), Attribute(session, CKA.CKA_EXTRACTABLE, false), Attribute(session, CKA.CKA_SIGN, true),
    ];

    private static IObjectAttribute Attribute(ISession session, CKA name, bool value) =>
        session.Factories.ObjectAttributeFactory.Create(name, value);

    private static IObjectAttribute Attribute(ISession session, CKA name, CKO value) =>
        session.Factories.ObjectAttributeFactory.Create(name, value);

    private static IObjectAttribute? Read(ISession session, IObjectHandle key, CKA name) =>
        session.GetAttributeValue(key, [name]) is [{ CannotBeRead: false } value] ? value : null;

    private static byte[]? Bytes(ISession session, IObjectHandle key, CKA name) => Read(session, key, name)?.GetValueAsByteArray();

    private static bool? Flag(ISession session, IObjectHandle key, CKA name) => Read(session, key, name)?.GetValueAsBool();

    private static ulong? Number(ISession session, IObjectHandle key, CKA name) => Read(session, key, name)?.GetValueAsUlong();
}
