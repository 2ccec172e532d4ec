namespace GovChain.Core.Model;

/// <summary>A field whose value breaks its rule, although the bytes obey the wire profile.</summary>
/// <param name="Field">Its path, such as <c>register.record.id</c>.</param>
/// <param name="Rule">What it must be, to be read after "must be".</param>
/// <param name="Value">What it is, shortened.</param>
public readonly record struct FieldViolation(string Field, string Rule, string Value)
{
    private const int ValueCharactersMax = 64;

    /// <summary>A violation with a value of any length.</summary>
    internal static FieldViolation Of(string field, string rule, string value) =>
        new(field, rule, value.Length <= ValueCharactersMax ? value : Shorten(value));

    /// <summary>Why a transaction with it is refused.</summary>
    internal Rejection ToRejection() => new(RejectionCode.InvalidField, ToString(), ("field", Field), ("rule", Rule), ("value", Value));

    /// <summary>A sentence for people.</summary>
    public override string ToString() =>
        $"{Field} must be {Rule}; {(Value.Length > 0 ? $"it is \"{Value}\"" : "it is empty or missing")}.";

    /// <summary>Cut before a surrogate pair, never within.</summary>
    private static string Shorten(string value)
    {
        int length = ValueCharactersMax - (char.IsHighSurrogate(value[ValueCharactersMax - 1]) ? 1 : 0);
        return string.Concat(value.AsSpan(0, length), "...");
    }
}
