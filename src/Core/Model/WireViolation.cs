namespace GovChain.Core.Model;

/// <summary>Which rule of the wire profile (docs/SPEC.md, "Wire profile") bytes break.</summary>
public enum WireViolationKind
{
    /// <summary>More bytes than this message may have.</summary>
    TooLarge = 1,

    /// <summary>A varint stops before its last byte.</summary>
    Truncated = 2,

    /// <summary>A varint has more bytes than its value needs.</summary>
    OverlongVarint = 3,

    /// <summary>A number outside its type: beyond 32 or 64 bits, or a bool other than 1.</summary>
    OutOfRange = 4,

    /// <summary>A field number that this message does not have.</summary>
    UnknownField = 5,

    /// <summary>A field number kept for something that is not active yet.</summary>
    NotActive = 6,

    /// <summary>The tag's wire type is not the field's.</summary>
    WrongWireType = 7,

    /// <summary>A field stands after one with a higher number.</summary>
    OutOfOrder = 8,

    /// <summary>A field that is not repeated, or a packed run, stands twice.</summary>
    Recurring = 9,

    /// <summary>Two members of a oneof.</summary>
    SecondOneofMember = 10,

    /// <summary>A length reaches past the end of the message around it.</summary>
    LengthBeyondEnd = 11,

    /// <summary>A zero, false, empty text or empty bytes, which are expressed by leaving the field out.</summary>
    DefaultOnWire = 12,

    /// <summary>A packed run without elements.</summary>
    EmptyRun = 13,

    /// <summary>Text that is not UTF-8.</summary>
    InvalidUtf8 = 14,
}

/// <summary>The first place where bytes leave the wire profile.</summary>
/// <param name="Kind">The rule.</param>
/// <param name="Offset">Of the tag, length or value at fault, from the beginning of the outermost message.</param>
/// <param name="FieldPath">Names from the outermost message inwards, such as <c>register.record.id</c>; empty where
/// no field is concerned.</param>
public readonly record struct WireViolation(WireViolationKind Kind, int Offset, string FieldPath)
{
    /// <summary>What is wrong and where, for people.</summary>
    public override string ToString() =>
        $"{Text(Kind)} at byte {Offset}{(FieldPath.Length > 0 ? $" in {FieldPath}" : "")}";

    /// <summary>The same violation seen from the message around it.</summary>
    internal WireViolation Within(string field) =>
        this with { FieldPath = FieldPath.Length > 0 ? $"{field}.{FieldPath}" : field };

    private static string Text(WireViolationKind kind) => kind switch
    {
        WireViolationKind.TooLarge => "more bytes than allowed",
        WireViolationKind.Truncated => "a number that breaks off",
        WireViolationKind.OverlongVarint => "a number with needless bytes",
        WireViolationKind.OutOfRange => "a number outside its type",
        WireViolationKind.UnknownField => "an unknown field",
        WireViolationKind.NotActive => "a field that is reserved and not active",
        WireViolationKind.WrongWireType => "a field with the wrong wire type",
        WireViolationKind.OutOfOrder => "a field out of order",
        WireViolationKind.Recurring => "a field that stands twice",
        WireViolationKind.SecondOneofMember => "a second alternative where only one may stand",
        WireViolationKind.LengthBeyondEnd => "a length that reaches past the end",
        WireViolationKind.DefaultOnWire => "a default value that must be left out",
        WireViolationKind.EmptyRun => "an empty list that must be left out",
        WireViolationKind.InvalidUtf8 => "text that is not UTF-8",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of violation."),
    };
}
