using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace GovChain.Client.Keys.Tokens;

/// <summary>
/// Names one key in a PKCS#11 token, and the module that reaches it: a URI of RFC 7512 such as
/// <c>pkcs11:token=land-registry;object=validator?module-path=/usr/lib/softhsm/libsofthsm2.so</c>.
/// </summary>
/// <remarks>
/// Read strictly: what is not understood would widen the search if it were passed over, so it is refused. What goes wrong
/// never repeats a value, which might be a PIN that somebody put there.
/// </remarks>
public sealed partial class TokenUri
{
    /// <summary>What every such URI begins with, in any case.</summary>
    public const string Scheme = "pkcs11:";

    /// <summary>Longest URI that is read, in characters.</summary>
    public const int CharsMax = 4096;

    /// <summary>Longest text of an attribute, decoded, in bytes of UTF-8; a token's own label has at most 32.</summary>
    public const int TextBytesMax = 255;

    /// <summary>Longest key id, in bytes.</summary>
    public const int IdBytesMax = 64;

    /// <summary>Longest file path, decoded, in bytes of UTF-8.</summary>
    public const int PathBytesMax = 1024;

    private TokenUri(string modulePath) => ModulePath = modulePath;

    /// <summary>The token's label; null: any.</summary>
    public string? Token { get; private init; }

    /// <summary>The token's serial number; null: any.</summary>
    public string? Serial { get; private init; }

    /// <summary>Who made the token; null: anybody.</summary>
    public string? Manufacturer { get; private init; }

    /// <summary>The token's model; null: any.</summary>
    public string? Model { get; private init; }

    /// <summary>The key's label; null: any.</summary>
    public string? Object { get; private init; }

    /// <summary>The key's id, 1 to <see cref="IdBytesMax"/> bytes; null: any.</summary>
    public ReadOnlyMemory<byte>? Id { get; private init; }

    /// <summary>The module: an absolute path.</summary>
    public string ModulePath { get; }

    /// <summary>The file with the PIN, an absolute path; null: it comes from elsewhere.</summary>
    public string? PinSource { get; private init; }

    /// <summary>Whether a text means to be such a URI, and not a file.</summary>
    public static bool IsUri([NotNullWhen(true)] string? text) =>
        text is not null && text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a URI.</summary>
    /// <exception cref="TokenException"><see cref="TokenError.TokenUriInvalid"/>, with what is wrong.</exception>
    public static TokenUri Parse(string text)
    {
        if (text.Length > CharsMax)
            throw Invalid($"it has more than {CharsMax} characters.");
        if (!IsUri(text))
            throw Invalid($"it does not begin with {Scheme}");
        ReadOnlySpan<char> rest = text.AsSpan(Scheme.Length);
        int mark = rest.IndexOf('?');
        Dictionary<string, byte[]> path = Attributes(mark < 0 ? rest : rest[..mark], ';', PathAttributes, PathExtra);
        Dictionary<string, byte[]> query = Attributes(mark < 0 ? "" : rest[(mark + 1)..], '&', QueryAttributes, QueryExtra);
        if (path.TryGetValue("type", out byte[]? type) && !type.AsSpan().SequenceEqual("private"u8))
            throw Invalid("\"type\" is not private; the key that signs is meant.");
        var uri = new TokenUri(FileOf(query, "module-path")
            ?? throw Invalid("\"module-path\" is missing, the file of the token's PKCS#11 module: ?module-path=/usr/lib/..."))
        {
            Token = TextOf(path, "token"),
            Serial = TextOf(path, "serial"),
            Manufacturer = TextOf(path, "manufacturer"),
            Model = TextOf(path, "model"),
            Object = TextOf(path, "object"),
            Id = IdOf(path),
            PinSource = FileOf(query, "pin-source"),
        };
        if (uri.Token is null && uri.Serial is null)
            throw Invalid("it names no token: \"token\" (its label) or \"serial\" is needed.");
        if (uri.Object is null && uri.Id is null)
            throw Invalid("it names no key: \"object\" (its label) or \"id\" is needed.");
        return uri;
    }

    /// <summary>The same key, named by this id as well.</summary>
    public TokenUri With(ReadOnlyMemory<byte> id) => new(ModulePath)
    {
        Token = Token,
        Serial = Serial,
        Manufacturer = Manufacturer,
        Model = Model,
        Object = Object,
        Id = id,
        PinSource = PinSource,
    };

    /// <summary>The URI, in one form for all that mean the same; no secret is in it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Scheme);
        Append("token", Token);
        Append("manufacturer", Manufacturer);
        Append("serial", Serial);
        Append("model", Model);
        Append("object", Object);
        if (Id is { } id)
        {
            Name("id");
            foreach (byte b in id.Span)
                text.Append('%').Append(b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
        }
        text.Append("?module-path=").Append(Encode(ModulePath, "/"));
        if (PinSource is not null)
            text.Append("&pin-source=file:").Append(Encode(PinSource, "/"));
        return text.ToString();

        void Append(string name, string? value)
        {
            if (value is null)
                return;
            Name(name);
            text.Append(Encode(value, ""));
        }

        void Name(string name) => text.Append(text.Length > Scheme.Length ? ";" : "").Append(name).Append('=');
    }

    /// <summary>What people call its token.</summary>
    public string TokenName => Token ?? $"serial {Serial}";

    private static TokenException Invalid(string problem) =>
        new(TokenError.TokenUriInvalid, $"This is no PKCS#11 URI that can be used: {problem}");
}
