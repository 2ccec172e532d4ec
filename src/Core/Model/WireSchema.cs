using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace GovChain.Core.Model;

/// <summary>What stands behind a field's tag.</summary>
internal enum WireFieldKind
{
    UInt32,
    UInt64,
    Bool,
    String,
    Bytes,
    Message,
}

/// <summary>One field of a message, as the wire profile sees it.</summary>
/// <param name="Number">The field number.</param>
/// <param name="Name">The name in the .proto file.</param>
/// <param name="Kind">The type.</param>
/// <param name="Repeated">Whether it may recur; a repeated scalar number stands in one packed run instead.</param>
/// <param name="Oneof">The index of the oneof it is a member of, or -1.</param>
/// <param name="Message">The schema of a sub-message.</param>
internal sealed record WireField(
    int Number, string Name, WireFieldKind Kind, bool Repeated, int Oneof, WireSchema? Message)
{
    private const int Varint = 0;
    private const int LengthDelimited = 2;

    /// <summary>A repeated number: all elements in one length-delimited run.</summary>
    public bool Packed => Repeated && IsNumber;

    /// <summary>A varint on the wire.</summary>
    public bool IsNumber => Kind is WireFieldKind.UInt32 or WireFieldKind.UInt64 or WireFieldKind.Bool;

    /// <summary>The only wire type its tag may carry.</summary>
    public int WireType => IsNumber && !Repeated ? Varint : LengthDelimited;
}

/// <summary>
/// The fields of a message and of all messages within it, taken from the compiled .proto files, so that scanner and
/// parser can never disagree about them. Reserved numbers of a message are those of things that are not active yet.
/// </summary>
public sealed class WireSchema
{
    private readonly WireField[] _fields;
    private readonly (int First, int Last)[] _reserved;

    private WireSchema(MessageDescriptor message, WireField[] fields)
    {
        Name = message.Name;
        _fields = fields;
        _reserved = [.. message.ToProto().ReservedRange.Select(r => (r.Start, r.End - 1))];
    }

    /// <summary>The message's name.</summary>
    public string Name { get; }

    /// <summary>The fields, ascending by number.</summary>
    internal ReadOnlySpan<WireField> Fields => _fields;

    /// <summary>The schema of a generated message, made once.</summary>
    public static WireSchema Of<T>() where T : IMessage<T>, new() => PerMessage<T>.Schema;

    /// <summary>Whether the number is kept for something later.</summary>
    internal bool IsReserved(ulong number)
    {
        foreach ((int first, int last) in _reserved)
        {
            if (number >= (ulong)first && number <= (ulong)last)
                return true;
        }
        return false;
    }

    private static WireSchema Build(MessageDescriptor message, IReadOnlyList<MessageDescriptor> outer)
    {
        if (outer.Contains(message))
            throw new NotSupportedException($"{message.FullName} contains itself: its depth would have no bound.");
        IReadOnlyList<MessageDescriptor> path = [.. outer, message];
        return new WireSchema(
            message, [.. message.Fields.InFieldNumberOrder().Select(field => Field(field, path))]);
    }

    private static WireField Field(FieldDescriptor field, IReadOnlyList<MessageDescriptor> path)
    {
        WireFieldKind kind = field.FieldType switch
        {
            FieldType.UInt32 => WireFieldKind.UInt32,
            FieldType.UInt64 => WireFieldKind.UInt64,
            FieldType.Bool => WireFieldKind.Bool,
            FieldType.String => WireFieldKind.String,
            FieldType.Bytes => WireFieldKind.Bytes,
            FieldType.Message when !field.IsMap => WireFieldKind.Message,
            _ => throw new NotSupportedException($"{field.FullName} has a type that the wire profile does not know."),
        };
        if (kind != WireFieldKind.Message && field.ContainingOneof is not null)
            throw new NotSupportedException($"{field.FullName}: oneof members are messages, and nothing is optional.");
        return new WireField(
            field.FieldNumber,
            field.Name,
            kind,
            field.IsRepeated,
            field.ContainingOneof?.Index ?? -1,
            kind == WireFieldKind.Message ? Build(field.MessageType, path) : null);
    }

    private static class PerMessage<T> where T : IMessage<T>, new()
    {
        public static readonly WireSchema Schema = Build(new T().Descriptor, []);
    }
}
