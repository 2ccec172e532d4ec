using System.Globalization;
using System.Text;
using GovChain.Core.Cryptography;
using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>
/// The rules of single fields that need no state (docs/SPEC.md, "Transaction"). Each returns the first violation, or
/// null. Lengths of text count UTF-8 bytes.
/// </summary>
internal static class FieldRules
{
    /// <summary>The highest role number.</summary>
    public const uint RoleMax = (uint)OfficerRole.Auditor;

    public static FieldViolation? Department(string field, string id) => Identifiers.IsDepartment(id)
        ? null
        : FieldViolation.Of(field, $"1 to {Limits.DepartmentIdMax} of a-z 0-9 -, beginning with a letter", id);

    public static FieldViolation? Type(string field, string type) => Identifiers.IsType(type)
        ? null
        : FieldViolation.Of(field, $"1 to {Limits.TypeMax} of a-z 0-9 -, beginning with a letter", type);

    public static FieldViolation? RecordId(string field, string id) => Identifiers.IsRecordId(id)
        ? null
        : FieldViolation.Of(
            field, $"1 to {Limits.RecordIdMax} of A-Z a-z 0-9 . _ : @ + ~ -, and neither \".\" nor \"..\"", id);

    public static FieldViolation? Record(string field, RecordName record) =>
        Type($"{field}.type", record.Type) ?? RecordId($"{field}.id", record.Id);

    public static FieldViolation? Officer(string field, string id) => Identifiers.IsOfficer(id)
        ? null
        : FieldViolation.Of(field, $"1 to {Limits.OfficerIdMax} of A-Z a-z 0-9 . _ -", id);

    public static FieldViolation? Text(string field, string text, int bytesMax, bool required = false)
    {
        int bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes > bytesMax)
            return FieldViolation.Of(field, $"at most {bytesMax} bytes of UTF-8", $"{bytes} bytes");
        return bytes == 0 && required ? FieldViolation.Of(field, "given", "") : null;
    }

    public static FieldViolation? Texts(string field, IReadOnlyList<LocalizedText> texts)
    {
        if (texts.Count is 0 or > Limits.LocalizedTextsMax)
            return Count(field, $"1 to {Limits.LocalizedTextsMax} texts", texts.Count);
        for (int i = 0; i < texts.Count; i++)
        {
            LocalizedText text = texts[i];
            string at = $"{field}[{i}]";
            if (!Identifiers.IsLanguage(text.Language))
                return FieldViolation.Of($"{at}.language", "a language tag such as en or zh-Hans", text.Language);
            for (int j = 0; j < i; j++)
            {
                if (texts[j].Language == text.Language)
                    return FieldViolation.Of($"{at}.language", "a language that no other text has", text.Language);
            }
            if (Text($"{at}.text", text.Text, Limits.TitleBytesMax, required: true) is { } violation)
                return violation;
        }
        return null;
    }

    public static FieldViolation? Key(string field, ReadOnlySpan<byte> bytes) => PublicKey.TryParse(bytes, out _)
        ? null
        : FieldViolation.Of(field, "33 bytes, a compressed secp256k1 public key", Convert.ToHexStringLower(bytes));

    public static FieldViolation? Roles(string field, IReadOnlyList<uint> roles)
    {
        const string rule = "one or more role numbers from 1 to 5, ascending, none twice";
        bool valid = roles.Count > 0;
        for (int i = 0; i < roles.Count; i++)
            valid &= roles[i] is >= 1 and <= RoleMax && (i == 0 || roles[i] > roles[i - 1]);
        return valid ? null : FieldViolation.Of(field, rule, string.Join(' ', roles.Select(r => Invariant(r))));
    }

    /// <summary>token "/" token of RFC 9110 section 5.6.2, without parameters.</summary>
    public static FieldViolation? MediaType(string field, string type)
    {
        int slash = type.IndexOf('/');
        bool valid = type.Length <= Limits.MediaTypeMax && slash > 0 && slash < type.Length - 1;
        for (int i = 0; valid && i < type.Length; i++)
            valid = i == slash || char.IsAsciiLetterOrDigit(type[i]) || "!#$%&'*+-.^_`|~".Contains(type[i]);
        return valid
            ? null
            : FieldViolation.Of(
                field, $"a media type such as application/json, at most {Limits.MediaTypeMax} characters", type);
    }

    public static FieldViolation? Date(string field, string date) => date.Length == 0 || Identifiers.IsDate(date)
        ? null
        : FieldViolation.Of(field, "a real date as YYYY, YYYY-MM or YYYY-MM-DD", date);

    public static FieldViolation? Nonce(string field, ReadOnlySpan<byte> nonce) =>
        Length(field, nonce, Limits.NonceBytes, "random bytes");

    public static FieldViolation? Length(string field, ReadOnlySpan<byte> bytes, int length, string what) =>
        bytes.Length == length
            ? null
            : FieldViolation.Of(field, $"{length} {what}", bytes.IsEmpty ? "" : $"{Invariant(bytes.Length)} bytes");

    /// <summary>A signature that an action carries; the envelope's own has codes of its own.</summary>
    public static FieldViolation? LowSignature(string field, ReadOnlySpan<byte> bytes) =>
        Signature.TryParse(bytes, out Signature signature) && signature.IsLowS
            ? null
            : FieldViolation.Of(
                field, $"{Signature.Size} bytes, r and s in range and s low", Convert.ToHexStringLower(bytes));

    public static FieldViolation? Number(string field, ulong value, ulong min, ulong max) =>
        value >= min && value <= max
            ? null
            : FieldViolation.Of(field, $"a number from {min} to {max}", Invariant(value));

    public static FieldViolation? Count(string field, string rule, int count) =>
        FieldViolation.Of(field, rule, count == 0 ? "" : Invariant(count));

    /// <summary>Null if the rule is kept.</summary>
    public static FieldViolation? Require(bool kept, string field, string rule, string value) =>
        kept ? null : FieldViolation.Of(field, rule, value);

    /// <summary>Digits, the same in every culture.</summary>
    public static string Invariant(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

    /// <summary>host:port: a name or an address of printable ASCII (brackets around IPv6), and 1 to 65535.</summary>
    public static FieldViolation? Endpoint(string field, string endpoint)
    {
        int colon = endpoint.LastIndexOf(':');
        bool valid = endpoint.Length <= Limits.EndpointMax && colon > 0
            && IsHost(endpoint.AsSpan(0, colon)) && IsPort(endpoint.AsSpan(colon + 1));
        return valid ? null : FieldViolation.Of(field, "host:port, at most 260 characters", endpoint);
    }

    private static bool IsHost(ReadOnlySpan<char> host)
    {
        bool bracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        foreach (char c in bracketed ? host[1..^1] : host)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-') && !(bracketed && c == ':'))
                return false;
        }
        return true;
    }

    private static bool IsPort(ReadOnlySpan<char> port)
    {
        int value = 0;
        foreach (char c in port)
        {
            if (!char.IsAsciiDigit(c) || port.Length > 5)
                return false;
            value = value * 10 + (c - '0');
        }
        return value is >= 1 and <= 65_535 && port[0] != '0';
    }
}
