using System.Text.Unicode;
using Google.Protobuf;

namespace GovChain.Core.Model;

/// <summary>
/// The one encoding of a message that the ledger accepts (docs/SPEC.md, "Wire profile"). Run before any parser: what
/// passes means the same to every protobuf parser, and serialising the parsed message gives the same bytes.
/// </summary>
/// <remarks>Throws on no input, allocates only to report a violation, and nests as deep as the schema does.</remarks>
public static class WireProfile
{
    /// <summary>The first violation in <paramref name="bytes"/> as a message of type T, or null if it obeys.</summary>
    /// <param name="bytes">A whole message.</param>
    /// <param name="bytesMax">The most it may have.</param>
    public static WireViolation? Check<T>(ReadOnlySpan<byte> bytes, int bytesMax) where T : IMessage<T>, new() =>
        Check(WireSchema.Of<T>(), bytes, bytesMax);

    /// <summary>The first violation in <paramref name="bytes"/>, or null if they obey.</summary>
    public static WireViolation? Check(WireSchema schema, ReadOnlySpan<byte> bytes, int bytesMax)
    {
        if (bytes.Length > bytesMax)
            return new WireViolation(WireViolationKind.TooLarge, bytesMax, "");
        return new Scanner(bytes).Message(schema, bytes.Length);
    }

    /// <summary>Serialises a message of our own making, which must obey.</summary>
    /// <exception cref="InvalidOperationException">It does not: a programming error.</exception>
    public static byte[] Encode<T>(T message) where T : IMessage<T>, new()
    {
        byte[] bytes = message.ToByteArray();
        if (Check<T>(bytes, int.MaxValue) is { } violation)
            throw new InvalidOperationException($"A {WireSchema.Of<T>().Name} was built with {violation}.");
        return bytes;
    }

    private ref struct Scanner(ReadOnlySpan<byte> bytes)
    {
        private const int FieldNumberMax = (1 << 29) - 1;
        private const int VarintBytesMax = 10;

        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _at;

        public WireViolation? Message(WireSchema schema, int end)
        {
            ReadOnlySpan<WireField> fields = schema.Fields;
            int index = 0; // of the last field seen, or of the first
            int element = -1; // of that field; -1 before it is seen
            ulong oneofsSeen = 0;
            while (_at < end)
            {
                int tagAt = _at;
                if (Varint(end, uint.MaxValue, out ulong tag) is { } bad)
                    return new WireViolation(bad, tagAt, "");
                ulong number = tag >> 3;
                int found = Find(fields, index, number);
                if (found < 0)
                    return new WireViolation(Missing(schema, fields, number), tagAt, $"#{number}");
                WireField field = fields[found];
                element = found == index ? element + 1 : 0;
                index = found;
                if ((int)(tag & 7) != field.WireType)
                    return new WireViolation(WireViolationKind.WrongWireType, tagAt, field.Name);
                if (element > 0 && (!field.Repeated || field.Packed))
                    return new WireViolation(WireViolationKind.Recurring, tagAt, field.Name);
                if (field.Oneof >= 0)
                {
                    if ((oneofsSeen >> field.Oneof & 1) != 0)
                        return new WireViolation(WireViolationKind.SecondOneofMember, tagAt, field.Name);
                    oneofsSeen |= 1UL << field.Oneof;
                }
                if (Value(field, end) is { } violation)
                    return violation.Within(field.Repeated ? $"{field.Name}[{element}]" : field.Name);
            }
            return null;
        }

        private WireViolation? Value(WireField field, int end)
        {
            int valueAt = _at;
            if (field.WireType == 0)
                return Number(field, end, defaultAllowed: false);
            if (Varint(end, int.MaxValue, out ulong length) is { } bad)
                return new WireViolation(bad, valueAt, "");
            if (length > (ulong)(end - _at))
                return new WireViolation(WireViolationKind.LengthBeyondEnd, valueAt, "");
            int valueEnd = _at + (int)length;
            if (field.Kind == WireFieldKind.Message)
                return Message(field.Message!, valueEnd);
            if (field.Packed)
                return Run(field, valueAt, valueEnd);
            if (length == 0 && !field.Repeated)
                return new WireViolation(WireViolationKind.DefaultOnWire, valueAt, "");
            if (field.Kind == WireFieldKind.String && !Utf8.IsValid(_bytes[_at..valueEnd]))
                return new WireViolation(WireViolationKind.InvalidUtf8, valueAt, "");
            _at = valueEnd;
            return null;
        }

        private WireViolation? Run(WireField field, int lengthAt, int end)
        {
            if (_at == end)
                return new WireViolation(WireViolationKind.EmptyRun, lengthAt, "");
            while (_at < end)
            {
                if (Number(field, end, defaultAllowed: true) is { } violation)
                    return violation;
            }
            return null;
        }

        private WireViolation? Number(WireField field, int end, bool defaultAllowed)
        {
            int valueAt = _at;
            ulong max = field.Kind switch
            {
                WireFieldKind.Bool => 1,
                WireFieldKind.UInt32 => uint.MaxValue,
                _ => ulong.MaxValue,
            };
            if (Varint(end, max, out ulong value) is { } bad)
                return new WireViolation(bad, valueAt, "");
            if (value == 0 && !defaultAllowed)
                return new WireViolation(WireViolationKind.DefaultOnWire, valueAt, "");
            return null;
        }

        /// <summary>
        /// Seven bits a byte, least significant first; the last byte is never zero unless it is the only one.
        /// </summary>
        private WireViolationKind? Varint(int end, ulong max, out ulong value)
        {
            value = 0;
            for (int i = 0; i < VarintBytesMax; i++)
            {
                if (_at == end)
                    return WireViolationKind.Truncated;
                byte b = _bytes[_at++];
                if (i == VarintBytesMax - 1 && b > 1) // bits 64 and up
                    return WireViolationKind.OutOfRange;
                value |= (ulong)(b & 0x7f) << (7 * i);
                if (b < 0x80)
                {
                    if (b == 0 && i > 0)
                        return WireViolationKind.OverlongVarint;
                    return value > max ? WireViolationKind.OutOfRange : null;
                }
            }
            return WireViolationKind.OutOfRange;
        }

        /// <summary>The index of a field at or after <paramref name="from"/>, or -1.</summary>
        private static int Find(ReadOnlySpan<WireField> fields, int from, ulong number)
        {
            while (from < fields.Length && (ulong)fields[from].Number < number)
                from++;
            return from < fields.Length && (ulong)fields[from].Number == number ? from : -1;
        }

        private static WireViolationKind Missing(WireSchema schema, ReadOnlySpan<WireField> fields, ulong number) =>
            Find(fields, 0, number) >= 0 ? WireViolationKind.OutOfOrder
            : number <= FieldNumberMax && schema.IsReserved(number) ? WireViolationKind.NotActive
            : WireViolationKind.UnknownField;
    }
}
