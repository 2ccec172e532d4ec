using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;

namespace GovChain.Tests.Fuzzing;

/// <summary>Changes one thing about an input: a byte, a number, a piece; in protobuf a field, in JSON what base64 hides.
/// </summary>
internal sealed class Mutator(Random random, InputForm form, IReadOnlyList<byte[]> corpus)
{
    /// <summary>Sizes of what the layouts are made of: numbers, hashes, keys, signatures, entries, headers.</summary>
    private static readonly int[] Pieces = [1, 2, 4, 8, 32, 33, 64, 66, 102, 268];

    private static readonly ulong[] Numbers =
        [0, 1, 2, 3, 4, 7, 8, 127, 128, 200, 201, 255, 256, 10_000, 10_001, 65_535, 65_536, int.MaxValue, uint.MaxValue, long.MaxValue, ulong.MaxValue];

    /// <summary>A changed copy.</summary>
    public byte[] Mutate(byte[] input)
    {
        if (random.Next(3) > 0)
        {
            byte[]? structured = form switch
            {
                InputForm.Protobuf => MutateField(input),
                InputForm.Json => MutateBase64(input),
                _ => null,
            };
            if (structured is not null)
                return structured;
        }
        return MutateBytes(input);
    }

    private byte[] MutateBytes(byte[] input)
    {
        if (input.Length == 0)
            return [(byte)random.Next(256)];
        byte[] copy = [.. input];
        int at = random.Next(copy.Length);
        int piece = Pieces[random.Next(Pieces.Length)];
        switch (random.Next(9))
        {
            case 0:
                copy[at] ^= (byte)(1 << random.Next(8));
                return copy;
            case 1:
                copy[at] = (byte)random.Next(256);
                return copy;
            case 2:
                WriteNumber(copy, at, Numbers[random.Next(Numbers.Length)]);
                return copy;
            case 3:
                WriteNumber(copy, at, (ulong)random.NextInt64() >> random.Next(64));
                return copy;
            case 4:
                return copy[..at];
            case 5: // a piece left out
                return [.. copy[..at], .. copy[Math.Min(copy.Length, at + piece)..]];
            case 6: // a piece twice
                return [.. copy[..at], .. copy[at..Math.Min(copy.Length, at + piece)], .. copy[at..]];
            case 7: // a piece of another input put in
                byte[] other = corpus[random.Next(corpus.Count)];
                int from = random.Next(other.Length + 1);
                return [.. copy[..at], .. other[from..Math.Min(other.Length, from + piece)], .. copy[at..]];
            default: // the rest of another input
                byte[] tail = corpus[random.Next(corpus.Count)];
                return [.. copy[..at], .. tail[Math.Min(at, tail.Length)..]];
        }
    }

    /// <summary>Big-endian, of one, two, four or eight bytes.</summary>
    private void WriteNumber(byte[] bytes, int at, ulong value)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(number, value);
        number = number[(8 - (1 << random.Next(4)))..];
        number = number[..Math.Min(number.Length, bytes.Length - at)];
        number.CopyTo(bytes.AsSpan(at));
    }

    /// <summary>Null where the input is no protobuf message.</summary>
    private byte[]? MutateField(byte[] input)
    {
        if (WireTree.TryParse(input) is not { Count: > 0 } fields)
            return null;
        int at = random.Next(fields.Count);
        WireTree.Field field = fields[at];
        switch (random.Next(9))
        {
            case 0:
                fields.RemoveAt(at);
                break;
            case 1:
                fields.Insert(random.Next(fields.Count + 1), field);
                break;
            case 2:
                int other = random.Next(fields.Count);
                (fields[at], fields[other]) = (fields[other], field);
                break;
            case 3:
                fields[at] = field with { Number = random.Next(1, 20) };
                break;
            case 4:
                fields[at] = field with { WireType = random.Next(8) };
                break;
            case 5:
                fields[at] = field with { Overlong = random.Next(1, 10) };
                break;
            default:
                fields[at] = field.WireType == WireTree.Varint
                    ? field with { Value = Numbers[random.Next(Numbers.Length)] }
                    : field with { Bytes = (random.Next(3) > 0 ? MutateField(field.Bytes) : null) ?? MutateBytes(field.Bytes) };
                break;
        }
        return WireTree.Write(fields);
    }

    /// <summary>Null where there is no base64 between quotes.</summary>
    private byte[]? MutateBase64(byte[] input)
    {
        string[] parts = Encoding.Latin1.GetString(input).Split('"');
        int[] encoded = [.. Enumerable.Range(0, parts.Length).Where(i => parts[i].Length >= 24 && Base64.IsValid(parts[i]))];
        if (encoded.Length == 0)
            return null;
        int at = encoded[random.Next(encoded.Length)];
        byte[] bytes = Convert.FromBase64String(parts[at]);
        byte[] mutated = (random.Next(2) == 0 ? MutateField(bytes) : null) ?? MutateBytes(bytes);
        parts[at] = Convert.ToBase64String(mutated);
        return Encoding.Latin1.GetBytes(string.Join('"', parts));
    }
}
