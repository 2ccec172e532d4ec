using System.Text;
using GovChain.Core.Model;

namespace GovChain.Core.Execution.Schemas;

/// <summary>
/// The schema of a record type's payloads: a frozen subset of JSON Schema draft 2020-12 (docs/SPEC.md, "Payload schemas") whose verdict
/// depends on nothing but the schema's and the payload's bytes. Immutable; safe from any thread.
/// </summary>
/// <remarks>
/// Work: each value of a payload is judged by one schema. Apart from enum, const and uniqueItems that takes time in proportion to the
/// payload's bytes, looking names up a logarithm of the schema's more; these three compare a value with at most 9 others, or sort what
/// stands in an array, once on each level, of which there are <see cref="Limits.JsonDepthMax"/>.
/// </remarks>
public sealed class PayloadSchema
{
    /// <summary>The one media type of a payload that a schema judges.</summary>
    public const string MediaType = "application/json";

    /// <summary>Schemas in a schema, itself included: one in 16 bytes of the longest text.</summary>
    public const int SubschemasMax = 1_024;

    /// <summary>Values of an enum: more are a register of their own.</summary>
    public const int EnumValuesMax = 256;

    private readonly SchemaNode _root;

    private PayloadSchema(SchemaNode root) => _root = root;

    /// <summary>Reads a schema. Throws on no input.</summary>
    /// <param name="text">JSON; of the ledger's rules at most <see cref="Limits.SchemaBytesMax"/> bytes.</param>
    /// <param name="violation">What is refused and where in the schema; null if nothing is.</param>
    public static PayloadSchema? TryParse(ReadOnlyMemory<byte> text, out SchemaViolation? violation)
    {
        SchemaNode? root = null;
        if (text.Length > Limits.SchemaBytesMax)
            violation = new SchemaViolation("", SchemaViolation.Json, $"the schema has {text.Length} bytes; at most {Limits.SchemaBytesMax} fit");
        else if (JsonReader.TryRead(text, out string? problem) is not { } json)
            violation = new SchemaViolation("", SchemaViolation.Json, problem!);
        else
            violation = SchemaReader.Read(json, out root)?.Bounded();
        return violation is null ? new PayloadSchema(root!) : null;
    }

    /// <summary>As <see cref="TryParse(ReadOnlyMemory{byte}, out SchemaViolation?)"/>.</summary>
    public static PayloadSchema? TryParse(string text, out SchemaViolation? violation) => TryParse(Encoding.UTF8.GetBytes(text), out violation);

    /// <summary>The first rule that a payload breaks, or null. Throws on no input.</summary>
    /// <param name="mediaType">What it is said to be.</param>
    /// <param name="content">Its bytes.</param>
    public SchemaViolation? Check(string mediaType, ReadOnlyMemory<byte> content)
    {
        if (mediaType != MediaType)
            return new SchemaViolation("", SchemaViolation.MediaType, $"must be {MediaType}, and is {mediaType}");
        return JsonReader.TryRead(content, out string? problem) is { } value
            ? _root.Check(value)?.Bounded()
            : new SchemaViolation("", SchemaViolation.Json, problem!);
    }
}
