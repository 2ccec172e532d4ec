using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Tests.Unit.Wire;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>Bytes that break one rule of the wire profile in one place.</summary>
/// <param name="What">The flaw and its place, for people.</param>
/// <param name="Bytes">A whole message.</param>
/// <param name="Kind">The rule; null where several could answer, as for a length that lies.</param>
internal sealed record WireFlaw(string What, byte[] Bytes, WireViolationKind? Kind);

/// <summary>
/// Takes a good message apart and puts it together again with one flaw: every flaw at every field that it can be made at.
/// </summary>
internal static class WireFlaws
{
    private const int UnknownNumber = 1_999;

    /// <summary>All flaws of a message.</summary>
    public static IEnumerable<WireFlaw> Of<T>(T message) where T : IMessage<T>, new()
    {
        byte[] good = message.ToByteArray();
        WireSchema schema = WireSchema.Of<T>();
        Piece root = Piece.Read(schema, good);
        if (!root.Write().AsSpan().SequenceEqual(good))
            throw new InvalidOperationException("The taking apart is wrong.");
        foreach (Piece place in root.WithAllBelow())
        {
            foreach ((string flaw, WireViolationKind? kind, Action<Piece, Piece> make) in Flaws(place))
            {
                (Piece copy, Piece there) = root.CopyWith(place);
                make(there, copy.ParentOf(there) ?? copy);
                byte[] bytes = copy.Write();
                if (!bytes.AsSpan().SequenceEqual(good))
                    yield return new WireFlaw($"{schema.Name}{place.Path}: {flaw}", bytes, kind);
            }
        }
    }

    private static IEnumerable<(string Flaw, WireViolationKind? Kind, Action<Piece, Piece> Make)> Flaws(Piece place)
    {
        if (place.Schema is not null)
        {
            yield return ("an unknown field at its end", WireViolationKind.UnknownField,
                static (p, _) => p.Pieces!.Add(Piece.Raw(new WireBytes().Number(UnknownNumber, 1).ToArray())));
            yield return ("an unknown field at its beginning", null,
                static (p, _) => p.Pieces!.Insert(0, Piece.Raw(new WireBytes().Number(UnknownNumber, 1).ToArray())));
            yield return ("a tag that breaks off", WireViolationKind.Truncated, static (p, _) => p.Pieces!.Add(Piece.Raw([0x80])));
            yield return ("field number zero", WireViolationKind.UnknownField, static (p, _) => p.Pieces!.Add(Piece.Raw([0])));
        }
        if (place.Field is not { } field)
            yield break;
        if (!field.Repeated || field.Packed)
        {
            yield return ("twice, the same", WireViolationKind.Recurring,
                static (p, parent) => parent.Pieces!.Insert(parent.Pieces.IndexOf(p), p.Copy()));
        }
        if (place.Pieces is { Count: >= 2 } && !field.Repeated)
        {
            yield return ("in two parts that a parser would merge", WireViolationKind.Recurring, static (p, parent) =>
            {
                Piece first = p.Copy();
                first.Pieces!.RemoveRange(1, first.Pieces.Count - 1);
                p.Pieces!.RemoveAt(0);
                parent.Pieces!.Insert(parent.Pieces.IndexOf(p), first);
            }
            );
        }
        if (place.Successor is { } successor && successor.Number > field.Number)
        {
            yield return ("after the next field", WireViolationKind.OutOfOrder, static (p, parent) =>
            {
                int at = parent.Pieces!.IndexOf(p);
                parent.Pieces.Reverse(at, 2);
            }
            );
        }
        if (place.Rival is { } rival)
        {
            yield return ("with a second alternative", WireViolationKind.SecondOneofMember, (p, parent) =>
            {
                Piece other = Piece.Raw(new WireBytes().Bytes(rival).ToArray());
                parent.Pieces!.Insert(parent.Pieces.IndexOf(p) + (rival > field.Number ? 1 : 0), other);
            }
            );
        }
        yield return ("a tag with a needless byte", WireViolationKind.OverlongVarint, static (p, _) => p.NeedlessInTag = 1);
        yield return ("a value or length with a needless byte", WireViolationKind.OverlongVarint, static (p, _) => p.NeedlessInValue = 1);
        foreach (int type in new[] { 0, 1, 2, 3, 4, 5 })
        {
            if (type != field.WireType)
                yield return ($"wire type {type}", WireViolationKind.WrongWireType, (p, _) => p.WireType = type);
        }
        if (field.WireType == 2)
        {
            yield return ("a length of one too many", null, static (p, _) => p.LengthLie = 1);
            yield return ("a length of one too few", null, static (p, _) => p.LengthLie = -1);
            yield return ("a length of two billion", WireViolationKind.LengthBeyondEnd, static (p, _) => p.LengthLie = int.MaxValue - p.ContentLength);
            yield return ("a length of 2^63", WireViolationKind.OutOfRange, static (p, _) => p.LengthLie = long.MaxValue);
        }
        if (field.Packed)
            yield return ("an empty list", WireViolationKind.EmptyRun, static (p, _) => p.Content = []);
        else if (field.Kind != WireFieldKind.Message && !field.Repeated)
            yield return ("its default, written", WireViolationKind.DefaultOnWire, static (p, _) => p.Content = p.Field!.IsNumber ? [0] : []);
        if (field.Kind == WireFieldKind.String)
            yield return ("text that is not UTF-8", WireViolationKind.InvalidUtf8, static (p, _) => p.Content = [0xc3, 0x28]);
        if (field is { IsNumber: true, Packed: false })
        {
            byte[] beyond = field.Kind switch
            {
                WireFieldKind.Bool => [2],
                WireFieldKind.UInt32 => new WireBytes().Varint(1UL << 32).ToArray(),
                _ => [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            };
            yield return ("a number beyond its type", WireViolationKind.OutOfRange, (p, _) => p.Content = beyond);
            yield return ("a number of eleven bytes", WireViolationKind.OutOfRange,
                static (p, _) => p.Content = [.. Enumerable.Repeat((byte)0x80, 10), 1]);
        }
    }

    /// <summary>A field with its value, or the whole message (without a field).</summary>
    private sealed class Piece
    {
        public WireField? Field { get; private init; }

        public WireSchema? Schema { get; private init; }

        public string Path { get; private init; } = "";

        /// <summary>The fields of a message; null: not a message.</summary>
        public List<Piece>? Pieces { get; private init; }

        /// <summary>The value: a varint with all its bytes, or what stands behind the length.</summary>
        public byte[] Content { get; set; } = [];

        /// <summary>The field that follows in the same message.</summary>
        public WireField? Successor { get; private set; }

        /// <summary>The number of another member of the same oneof.</summary>
        public int? Rival { get; private init; }

        public int NeedlessInTag { get; set; }

        public int NeedlessInValue { get; set; }

        public long LengthLie { get; set; }

        public int WireType { get; set; }

        public int ContentLength => Pieces is null ? Content.Length : Pieces.Sum(p => p.Write().Length);

        /// <summary>Bytes as they are.</summary>
        public static Piece Raw(byte[] bytes) => new() { Content = bytes };

        public static Piece Read(WireSchema schema, ReadOnlySpan<byte> bytes) =>
            new() { Schema = schema, Pieces = ReadAll(schema, bytes, "") };

        public IEnumerable<Piece> WithAllBelow() => Pieces is null
            ? [this]
            : Pieces.SelectMany(p => p.WithAllBelow()).Prepend(this);

        public Piece? ParentOf(Piece piece) => WithAllBelow().FirstOrDefault(p => p.Pieces?.Contains(piece) == true);

        public Piece Copy() => CopyWith(null).Copy;

        /// <summary>A deep copy, and in it what stands for a piece of the original.</summary>
        public (Piece Copy, Piece There) CopyWith(Piece? marked)
        {
            Piece? there = null;
            Piece copy = Clone(this);
            return (copy, there ?? copy);

            Piece Clone(Piece p)
            {
                var clone = new Piece
                {
                    Field = p.Field,
                    Schema = p.Schema,
                    Path = p.Path,
                    Pieces = p.Pieces?.ConvertAll(Clone),
                    Content = p.Content,
                    WireType = p.WireType,
                    Rival = p.Rival,
                };
                if (ReferenceEquals(p, marked))
                    there = clone;
                return clone;
            }
        }

        public byte[] Write()
        {
            var bytes = new WireBytes();
            if (Field is null)
                return Pieces is null ? Content : Pieces.Aggregate(bytes, (b, p) => b.Raw(p.Write())).ToArray();
            byte[] content = Pieces is null ? Content : Pieces.Aggregate(new WireBytes(), (b, p) => b.Raw(p.Write())).ToArray();
            bytes.Tag(Field.Number, WireType, NeedlessInTag);
            if (Field.WireType == 2)
                bytes.Varint((ulong)(LengthLie == long.MaxValue ? LengthLie : content.Length + LengthLie), NeedlessInValue);
            else if (NeedlessInValue > 0)
                content = [.. content[..^1], (byte)(content[^1] | 0x80), 0];
            return bytes.Raw(content).ToArray();
        }

        private static List<Piece> ReadAll(WireSchema schema, ReadOnlySpan<byte> bytes, string path)
        {
            var pieces = new List<Piece>();
            var input = new CodedInputStream(bytes.ToArray());
            WireField[] fields = schema.Fields.ToArray();
            while (input.ReadTag() is var tag and not 0)
            {
                WireField field = fields.Single(f => f.Number == (int)(tag >> 3));
                string at = $"{path}.{field.Name}";
                byte[] content = field.WireType == 0
                    ? new WireBytes().Varint(input.ReadUInt64()).ToArray()
                    : input.ReadBytes().ToByteArray();
                if (pieces.Count > 0)
                    pieces[^1].Successor = field;
                pieces.Add(new Piece
                {
                    Field = field,
                    Schema = field.Message,
                    Path = at,
                    Pieces = field.Message is null ? null : ReadAll(field.Message, content, at),
                    Content = content,
                    WireType = field.WireType,
                    Rival = field.Oneof < 0
                        ? null
                        : fields.FirstOrDefault(f => f.Oneof == field.Oneof && f.Number != field.Number)?.Number,
                });
            }
            return pieces;
        }
    }
}
