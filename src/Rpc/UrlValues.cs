using System.Globalization;
using Google.Protobuf.Reflection;

namespace GovChain.Rpc;

/// <summary>
/// Values in a path or a query, which transcoding would convert loosely (blanks, signs, any case) or refuse without a
/// reason.
/// </summary>
internal static class UrlValues
{
    /// <summary>The refusal of a value that is not of its field's kind, or null.</summary>
    public static JsonGate.Refusal? Check(FieldDescriptor field, string value)
    {
        string? expected = field.FieldType switch
        {
            FieldType.UInt64 => IsWhole(value, ulong.MaxValue) ? null : $"a whole number from 0 to {ulong.MaxValue}",
            FieldType.UInt32 => IsWhole(value, uint.MaxValue) ? null : $"a whole number from 0 to {uint.MaxValue}",
            FieldType.Bool => value is "true" or "false" ? null : "true or false",
            FieldType.Bytes => IsBase64(value) ? null : "base64 (RFC 4648 section 4, percent-encoded)",
            FieldType.String => value.Contains('\uFFFD') ? "UTF-8, percent-encoded" : null,
            _ => throw new NotSupportedException($"{field.FullName} has a kind that no URL has yet."),
        };
        return expected is null
            ? null
            : new JsonGate.Refusal(DoorReason.InvalidArgument, field.Name, $"{field.Name}: must be {expected}.",
                ("rule", expected), ("value", value.Length > 64 ? value[..64] : value));
    }

    private static bool IsWhole(string value, ulong most) =>
        ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number <= most;

    private static bool IsBase64(string value) =>
        !value.Any(char.IsWhiteSpace) && Convert.TryFromBase64String(value, new byte[value.Length], out _);
}
