using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace GovChain.Tests.Unit.Execution.Schemas;

/// <summary>
/// A second judge, which shares nothing with the first: JSON by the base library, numbers as fractions of big integers, equality by
/// comparing everything with everything, references followed by looking them up again each time. Says only whether a payload fits.
/// </summary>
internal sealed class NaiveSchema(JsonElement root)
{
    public bool Fits(JsonElement value) => Fits(root, value);

    private bool Fits(JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return schema.GetBoolean();
        if (schema.TryGetProperty("$ref", out JsonElement reference))
            return Fits(root.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..]), value);
        return schema.EnumerateObject().All(keyword => Keeps(schema, keyword.Name, keyword.Value, value));
    }

    private bool Keeps(JsonElement schema, string keyword, JsonElement argument, JsonElement value) => keyword switch
    {
        "type" => argument.ValueKind == JsonValueKind.Array ? argument.EnumerateArray().Any(t => Is(t.GetString()!, value)) : Is(argument.GetString()!, value),
        "enum" => argument.EnumerateArray().Any(item => Same(item, value)),
        "const" => Same(argument, value),
        "multipleOf" => value.ValueKind != JsonValueKind.Number || Compare(value, argument, static (v, d) => v % d == 0),
        "maximum" => value.ValueKind != JsonValueKind.Number || Compare(value, argument, static (v, m) => v <= m),
        "exclusiveMaximum" => value.ValueKind != JsonValueKind.Number || Compare(value, argument, static (v, m) => v < m),
        "minimum" => value.ValueKind != JsonValueKind.Number || Compare(value, argument, static (v, m) => v >= m),
        "exclusiveMinimum" => value.ValueKind != JsonValueKind.Number || Compare(value, argument, static (v, m) => v > m),
        "maxLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() <= argument.GetDecimal(),
        "minLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() >= argument.GetDecimal(),
        "format" => value.ValueKind != JsonValueKind.String || HasForm(argument.GetString()!, value.GetString()!),
        "maxItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= argument.GetDecimal(),
        "minItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= argument.GetDecimal(),
        "uniqueItems" => value.ValueKind != JsonValueKind.Array || !argument.GetBoolean() || !HasTwins([.. value.EnumerateArray()]),
        "items" => value.ValueKind != JsonValueKind.Array || value.EnumerateArray().All(item => Fits(argument, item)),
        "required" => value.ValueKind != JsonValueKind.Object || argument.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
        "properties" => value.ValueKind != JsonValueKind.Object
            || argument.EnumerateObject().All(p => !value.TryGetProperty(p.Name, out JsonElement member) || Fits(p.Value, member)),
        "additionalProperties" => value.ValueKind != JsonValueKind.Object || value.EnumerateObject().All(m =>
            (schema.TryGetProperty("properties", out JsonElement known) && known.TryGetProperty(m.Name, out _)) || Fits(argument, m.Value)),
        _ => true,
    };

    private static bool Is(string type, JsonElement value) => type switch
    {
        "integer" => value.ValueKind == JsonValueKind.Number && Compare(value, value, static (v, _) => v % BigInteger.Pow(10, 60) == 0),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => string.Equals(value.ValueKind.ToString(), type, StringComparison.OrdinalIgnoreCase),
    };

    private static bool HasForm(string format, string text) => format switch
    {
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        _ => DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            || DateTime.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
    };

    private static bool HasTwins(JsonElement[] items) =>
        items.Where((item, i) => items.Take(i).Any(before => Same(before, item))).Any();

    private static bool Same(JsonElement a, JsonElement b) => a.ValueKind == b.ValueKind && a.ValueKind switch
    {
        JsonValueKind.Number => Compare(a, b, static (x, y) => x == y),
        JsonValueKind.String => a.GetString() == b.GetString(),
        JsonValueKind.Array => a.GetArrayLength() == b.GetArrayLength() && a.EnumerateArray().Zip(b.EnumerateArray()).All(p => Same(p.First, p.Second)),
        JsonValueKind.Object => a.EnumerateObject().Count() == b.EnumerateObject().Count()
            && a.EnumerateObject().All(m => b.TryGetProperty(m.Name, out JsonElement other) && Same(m.Value, other)),
        _ => true,
    };

    /// <summary>Two numbers, each times ten to the power of 60: all that the generators make are integers then.</summary>
    private static bool Compare(JsonElement a, JsonElement b, Func<BigInteger, BigInteger, bool> holds) => holds(Scaled(a), Scaled(b));

    private static BigInteger Scaled(JsonElement number)
    {
        string[] parts = number.GetRawText().ToLowerInvariant().Split('e');
        string[] digits = parts[0].Split('.');
        string fraction = digits.Length > 1 ? digits[1] : "";
        int exponent = (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0) - fraction.Length;
        return BigInteger.Parse(digits[0] + fraction, CultureInfo.InvariantCulture) * BigInteger.Pow(10, 60 + exponent);
    }
}
