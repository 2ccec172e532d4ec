using System.Text;

namespace GovChain.Core.Execution.Schemas;

/// <summary>
/// A rule that a payload, or a schema itself, breaks, and where: the first in the order that docs/SPEC.md gives, so that two programs
/// name the same one.
/// </summary>
/// <param name="Pointer">The place, a JSON pointer (RFC 6901): into the payload, or into the schema. Empty: the whole. Of a place
/// deep below or with long names the first <see cref="PointerCharactersMax"/> characters, and "...".</param>
/// <param name="Keyword">The keyword; <see cref="Json"/> or <see cref="MediaType"/> where none was come to, empty where a schema is no object.</param>
/// <param name="Problem">What is wrong, to be read after the place, without a full stop; at most some 300 characters.</param>
public readonly record struct SchemaViolation(string Pointer, string Keyword, string Problem)
{
    /// <summary>Longer pointers are cut.</summary>
    public const int PointerCharactersMax = 200;

    /// <summary>In place of a keyword: the text is not JSON as the ledger reads it.</summary>
    public const string Json = "json";

    /// <summary>In place of a keyword: the content is not JSON by its media type.</summary>
    public const string MediaType = "mediaType";

    /// <summary>A sentence without a beginning: "at /name: must be a string, and is a number (type)".</summary>
    public override string ToString() =>
        $"{(Pointer.Length == 0 ? "" : $"at {Pointer}: ")}{Problem}{(Keyword is "" or Json or MediaType ? "" : $" ({Keyword})")}";

    /// <summary>The same, seen from one level further out, from an array.</summary>
    internal SchemaViolation Within(int index) => this with { Pointer = Core.Model.FieldRules.Invariant($"/{index}") + Pointer };

    /// <summary>The same, seen from one level further out, from an object.</summary>
    internal SchemaViolation Within(ReadOnlySpan<byte> name) =>
        this with { Pointer = $"/{Encoding.UTF8.GetString(name).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}{Pointer}" };

    /// <summary>The same with a pointer that is not too long.</summary>
    internal SchemaViolation Bounded() => Pointer.Length <= PointerCharactersMax
        ? this
        : this with { Pointer = JsonString.Cut(Pointer, PointerCharactersMax) + "..." };
}
