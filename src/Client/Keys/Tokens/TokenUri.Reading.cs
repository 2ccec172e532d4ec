using System.Buffers;
using System.Text;

namespace GovChain.Client.Keys.Tokens;

/// <summary>How the parts of a URI are read (RFC 7512, section 2.3).</summary>
public sealed partial class TokenUri
{
    private const string PathExtra = ":[]@!$'()*+,=&";
    private const string QueryExtra = ":[]@!$'()*+,=/?|";
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Why each attribute that the standard has is taken (null) or refused.</summary>
    private static readonly Dictionary<string, string?> PathAttributes = new(StringComparer.Ordinal)
    {
        ["token"] = null,
        ["manufacturer"] = null,
        ["serial"] = null,
        ["model"] = null,
        ["object"] = null,
        ["id"] = null,
        ["type"] = null,
        ["slot-id"] = SlotsChange,
        ["slot-description"] = SlotsChange,
        ["slot-manufacturer"] = SlotsChange,
        ["library-description"] = ModuleIsNamed,
        ["library-manufacturer"] = ModuleIsNamed,
        ["library-version"] = ModuleIsNamed,
    };

    private static readonly Dictionary<string, string?> QueryAttributes = new(StringComparer.Ordinal)
    {
        ["module-path"] = null,
        ["pin-source"] = null,
        ["pin-value"] = "a PIN in a URI is seen by whoever sees the command line, the configuration or a log. Change the PIN if this "
            + "was it, put it into a file that only its owner may read, and name that: pin-source=file:/...",
        ["module-name"] = "a name is looked up differently on every machine. Give the module's file: module-path=/...",
    };

    private const string SlotsChange = "slots are numbered anew when tokens come and go. Name the token: token=LABEL or serial=NUMBER";
    private const string ModuleIsNamed = "the module is named by its file: module-path=/...";

    private static Dictionary<string, byte[]> Attributes(
        ReadOnlySpan<char> part, char separator, Dictionary<string, string?> known, string extra)
    {
        var found = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        if (part.IsEmpty)
            return found;
        SearchValues<char> allowed = SearchValues.Create(Unreserved + extra + "%");
        foreach (Range range in part.Split(separator))
        {
            ReadOnlySpan<char> attribute = part[range];
            int equals = attribute.IndexOf('=');
            // What stands before the sign is repeated only where it is a name of the standard's: anything might be a secret.
            string name = equals < 0 ? "" : attribute[..equals].ToString();
            if (!known.TryGetValue(name, out string? refusal))
                throw Invalid($"an attribute is none of {string.Join(", ", known.Where(k => k.Value is null).Select(k => k.Key))}.");
            if (refusal is not null)
                throw Invalid($"\"{name}\" is refused: {refusal}.");
            if (!found.TryAdd(name, Decode(name, attribute[(equals + 1)..], allowed)))
                throw Invalid($"\"{name}\" stands there twice.");
        }
        return found;
    }

    private static byte[] Decode(string name, ReadOnlySpan<char> value, SearchValues<char> allowed)
    {
        if (value.IsEmpty)
            throw Invalid($"\"{name}\" is empty.");
        if (value.ContainsAnyExcept(allowed))
            throw Invalid($"\"{name}\" has a character that must be written as %HH.");
        byte[] bytes = new byte[value.Length];
        int length = 0;
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] != '%')
            {
                bytes[length++] = (byte)value[i];
                continue;
            }
            if (i + 2 >= value.Length || Convert.FromHexString(value.Slice(i + 1, 2), bytes.AsSpan(length), out _, out _) != OperationStatus.Done)
                throw Invalid($"\"{name}\" has a % that no two hexadecimal digits follow.");
            length++;
            i += 2;
        }
        return bytes[..length];
    }

    // Not byte[]: a null array becomes an empty memory, which is an id.
    private static ReadOnlyMemory<byte>? IdOf(Dictionary<string, byte[]> attributes)
    {
        if (!attributes.TryGetValue("id", out byte[]? id))
            return null;
        return id.Length <= IdBytesMax ? id : throw Invalid($"\"id\" has more than {IdBytesMax} bytes.");
    }

    private static string? TextOf(Dictionary<string, byte[]> attributes, string name, int bytesMax = TextBytesMax)
    {
        if (!attributes.TryGetValue(name, out byte[]? bytes))
            return null;
        if (bytes.Length > bytesMax)
            throw Invalid($"\"{name}\" has more than {bytesMax} bytes.");
        try
        {
            string text = Utf8.GetString(bytes);
            return text.Any(char.IsControl) ? throw Invalid($"\"{name}\" has a control character.") : text;
        }
        catch (ArgumentException)
        {
            throw Invalid($"\"{name}\" is not UTF-8 text.");
        }
    }

    /// <summary>A file: an absolute path, or a URI <c>file:</c> of one.</summary>
    private static string? FileOf(Dictionary<string, byte[]> attributes, string name)
    {
        string? text = TextOf(attributes, name, PathBytesMax);
        if (text is null)
            return null;
        if (text.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            text = text["file:".Length..];
            if (text.StartsWith("///", StringComparison.Ordinal))
                text = text[2..];
        }
        return Path.IsPathFullyQualified(text) && !text.StartsWith("//", StringComparison.Ordinal) ? text
            : throw Invalid($"\"{name}\" is no absolute path of a file.");
    }

    private static string Encode(string value, string extra)
    {
        var text = new StringBuilder();
        foreach (byte b in Utf8.GetBytes(value))
        {
            if (Unreserved.Contains((char)b) || extra.Contains((char)b))
                text.Append((char)b);
            else
                text.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}
