namespace GovChain.Tests.Fuzzing;

/// <summary>One level of a protobuf message as a list of fields, written again with lengths that fit.</summary>
internal static class WireTree
{
    public const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;
    private const int Fixed32 = 5;

    /// <summary>A field. <paramref name="Overlong"/> needless bytes lengthen its number: a value, or the length of bytes.
    /// </summary>
    public sealed record Field(int Number, int WireType, ulong Value, byte[] Bytes, int Overlong = 0);

    /// <summary>The fields; null where the bytes are no message.</summary>
    public static List<Field>? TryParse(ReadOnlySpan<byte> bytes)
    {
        var fields = new List<Field>();
        while (!bytes.IsEmpty)
        {
            if (!TryReadVarint(ref bytes, out ulong tag) || tag >> 3 is 0 or > int.MaxValue)
                return null;
            int wireType = (int)(tag & 7);
            ulong value = 0;
            byte[] content = [];
            if (wireType is Varint or Delimited && !TryReadVarint(ref bytes, out value))
                return null;
            ulong length = wireType switch
            {
                Varint => 0,
                Fixed64 => 8,
                Fixed32 => 4,
                Delimited => value,
                _ => ulong.MaxValue,
            };
            if (length > (ulong)bytes.Length)
                return null;
            content = bytes[..(int)length].ToArray();
            bytes = bytes[(int)length..];
            fields.Add(new Field((int)(tag >> 3), wireType, value, content));
        }
        return fields;
    }

    /// <summary>The message of these fields.</summary>
    public static byte[] Write(IEnumerable<Field> fields)
    {
        var bytes = new List<byte>();
        foreach (Field field in fields)
        {
            WriteVarint(bytes, (ulong)field.Number << 3 | (uint)field.WireType, 0);
            if (field.WireType == Varint)
                WriteVarint(bytes, field.Value, field.Overlong);
            else if (field.WireType == Delimited)
                WriteVarint(bytes, (ulong)field.Bytes.Length, field.Overlong);
            bytes.AddRange(field.Bytes);
        }
        return [.. bytes];
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (int i = 0; i < Math.Min(10, bytes.Length); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }
        return false;
    }

    private static void WriteVarint(List<byte> bytes, ulong value, int overlong)
    {
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        for (; overlong > 0; overlong--)
        {
            bytes.Add((byte)(value | 0x80));
            value = 0;
        }
        bytes.Add((byte)value);
    }
}
