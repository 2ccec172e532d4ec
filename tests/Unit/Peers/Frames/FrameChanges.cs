using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>A frame with one field changed.</summary>
/// <param name="Field">Which, by its path in peer.proto: "block_response.blocks.header".</param>
/// <param name="What">How.</param>
/// <param name="Bytes">The frame as it goes over the wire.</param>
internal sealed record FrameChange(string Field, string What, byte[] Bytes)
{
    /// <summary>The frame that the bytes are; null where they are none.</summary>
    public static PeerFrame? TryParse(byte[] bytes)
    {
        try
        {
            return PeerFrame.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    public override string ToString() => $"{Field}: {What}";
}

/// <summary>
/// Changes every field of a frame, one at a time. The fields are those that its descriptor declares, so that a new one is changed,
/// too. What changes are made depends on the frame's shape and not on its values: of two frames of one shape the n-th change is
/// the same.
/// </summary>
/// <param name="samples">Frames whose parts take the place of others.</param>
internal sealed class FrameChanges(IEnumerable<PeerFrame> samples)
{
    /// <summary>The path of a frame's kind itself.</summary>
    public const string Kind = "kind";

    private const int SparesMax = 2;

    private static readonly IList<FieldDescriptor> Kinds = PeerFrame.Descriptor.Fields.InFieldNumberOrder();

    private readonly Dictionary<FieldDescriptor, List<object>> _spares = CollectSpares(samples);

    /// <summary>All that can be changed in a frame of any kind.</summary>
    public static IReadOnlyCollection<string> Declared()
    {
        var fields = new SortedSet<string>(StringComparer.Ordinal) { Kind };
        AddFields("", PeerFrame.Descriptor, fields);
        return fields;
    }

    /// <summary>Repeated fields of a frame, with how many elements there are.</summary>
    public static IEnumerable<(string Field, int Count)> Repeated(IMessage message, string path = "")
    {
        foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            object value = field.Accessor.GetValue(message);
            string at = Join(path, field);
            if (field.IsRepeated)
                yield return (at, ((IList)value).Count);
            IEnumerable<IMessage> within = field.FieldType != FieldType.Message ? []
                : field.IsRepeated ? ((IList)value).Cast<IMessage>() : value is IMessage one ? [one] : [];
            foreach ((string, int) inner in within.SelectMany(m => Repeated(m, at)))
                yield return inner;
        }
    }

    /// <summary>Every change of every field; some may give the frame itself.</summary>
    public IEnumerable<FrameChange> Of(PeerFrame frame) => ChangeParts("", frame)
        .Select(static c => new FrameChange(c.Field, c.What, c.Changed.ToByteArray()))
        .Concat(UnderOtherKinds(frame));

    private static string Join(string path, FieldDescriptor field) => path.Length == 0 ? field.Name : $"{path}.{field.Name}";

    private static void AddFields(string path, MessageDescriptor message, SortedSet<string> fields)
    {
        foreach (FieldDescriptor field in message.Fields.InFieldNumberOrder())
        {
            string at = Join(path, field);
            fields.Add(at);
            if (field.FieldType == FieldType.Message)
                AddFields(at, field.MessageType, fields);
        }
    }

    private static Dictionary<FieldDescriptor, List<object>> CollectSpares(IEnumerable<PeerFrame> samples)
    {
        var spares = new Dictionary<FieldDescriptor, List<object>>();
        foreach (PeerFrame sample in samples)
            Collect(sample);
        return spares;

        void Collect(IMessage message)
        {
            foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
            {
                object value = field.Accessor.GetValue(message);
                foreach (object each in field.IsRepeated ? ((IList)value).Cast<object>() : value is null ? [] : [value])
                {
                    List<object> known = spares.TryGetValue(field, out List<object>? found) ? found : spares[field] = [];
                    if (!known.Contains(each) && (each is not ByteString b || b.Length > 0))
                        known.Add(each);
                    if (each is IMessage inner)
                        Collect(inner);
                }
            }
        }
    }

    /// <summary>The same bytes as another kind of frame, and as none that there is.</summary>
    private static IEnumerable<FrameChange> UnderOtherKinds(PeerFrame frame)
    {
        object content = Kinds.Single(k => k.FieldNumber == (int)frame.KindCase).Accessor.GetValue(frame);
        byte[] bytes = content is ByteString b ? b.ToByteArray() : ((IMessage)content).ToByteArray();
        foreach (int number in Kinds.Select(static k => k.FieldNumber).Append(Kinds.Max(static k => k.FieldNumber) + 1))
        {
            if (number != (int)frame.KindCase)
                yield return new FrameChange(Kind, $"{frame.KindCase} as kind {number}", Write(number, bytes));
        }
        yield return new FrameChange(Kind, $"{frame.KindCase} left out", []);
    }

    private static byte[] Write(int number, byte[] content)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(content));
        }
        return stream.ToArray();
    }

    private IEnumerable<(string Field, string What, IMessage Changed)> ChangeParts(string path, IMessage message)
    {
        foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            string at = Join(path, field);
            foreach ((string within, string what, Action<IMessage> apply) in ChangeField(at, field, field.Accessor.GetValue(message)))
            {
                IMessage copy = message.Descriptor.Parser.ParseFrom(message.ToByteString());
                apply(copy);
                yield return (within, what, copy);
            }
        }
    }

    private IEnumerable<(string Field, string What, Action<IMessage> Apply)> ChangeField(string path, FieldDescriptor field, object? value)
    {
        if (field.IsRepeated)
        {
            foreach ((string within, string what, IEnumerable<object> items) in ChangeList(path, field, [.. ((IList)value!).Cast<object>()]))
                yield return (within, what, m => SetList(m, items));
            yield break;
        }
        if (field.FieldType == FieldType.Message)
        {
            if (value is null && field.ContainingType == PeerFrame.Descriptor)
                yield break; // another frame, and not a change of this one
            if (value is not null)
                yield return (path, "left out", field.Accessor.Clear);
            foreach ((object spare, int i) in Spares(field).Select(static (s, i) => (s, i)))
                yield return (path, $"another in its place, {i}", m => field.Accessor.SetValue(m, spare));
            foreach ((string within, string what, IMessage changed) in value is IMessage part ? ChangeParts(path, part) : [])
                yield return (within, what, m => field.Accessor.SetValue(m, changed));
            yield break;
        }
        // A part of an alternative that this frame does not have is changed where it has it.
        if (field.RealContainingOneof is not null && field.FieldType == FieldType.Bytes && ((ByteString)value!).IsEmpty)
            yield break;
        foreach ((string what, object changed) in ChangeValue(field, value!))
            yield return (path, what, m => field.Accessor.SetValue(m, changed));

        void SetList(IMessage target, IEnumerable<object> items)
        {
            var list = (IList)field.Accessor.GetValue(target);
            object[] all = [.. items];
            list.Clear();
            foreach (object item in all)
                list.Add(item);
        }
    }

    private IEnumerable<(string Field, string What, IEnumerable<object> Items)> ChangeList(
        string path, FieldDescriptor field, object[] items)
    {
        foreach ((object spare, int i) in Spares(field).Select(static (s, i) => (s, i)))
            yield return (path, $"one more, {i}", items.Append(spare));
        if (items.Length == 0)
            yield break;
        yield return (path, "none", []);
        foreach ((string name, int i) in Places(items.Length))
        {
            yield return (path, $"without the {name}", [.. items[..i], .. items[(i + 1)..]]);
            yield return (path, $"the {name} twice", [.. items[..i], items[i], .. items[i..]]);
            yield return (path, $"the {name} again at the end", items.Append(items[i]));
        }
        yield return (path, "the first and the last swapped", [items[^1], .. items.Skip(1).SkipLast(1), .. items.Length > 1 ? [items[0]] : Array.Empty<object>()]);
        yield return (path, "backwards", items.Reverse());
        foreach ((string name, int i) in Places(items.Length))
        {
            IEnumerable<(string Field, string What, object Value)> changes = items[i] is IMessage part
                ? ChangeParts(path, part).Select(static c => (c.Field, c.What, (object)c.Changed))
                : ChangeValue(field, items[i]).Select(c => (path, c.What, c.Value));
            foreach ((string within, string what, object changed) in changes)
                yield return (within, $"{name}: {what}", [.. items[..i], changed, .. items[(i + 1)..]]);
        }
    }

    private static IEnumerable<(string Name, int Index)> Places(int count) =>
        new[] { ("first", 0), ("middle", count / 2), ("last", count - 1) }.DistinctBy(static p => p.Item2);

    private IEnumerable<(string What, object Value)> ChangeValue(FieldDescriptor field, object value) => value switch
    {
        bool v => [("not", !v)],
        uint v => Numbers(v, uint.MaxValue).Select(static n => (n.What, (object)(uint)n.Value)),
        ulong v => Numbers(v, ulong.MaxValue).Select(static n => (n.What, (object)n.Value)),
        string v => Texts(v).Concat(Spares(field).Select(static (s, i) => ($"another in its place, {i}", s))),
        ByteString v => Bytes(v).Concat(Spares(field).Select(static (s, i) => ($"another in its place, {i}", s))),
        _ => throw new NotSupportedException($"How can {field.FullName} be changed?"),
    };

    private static IEnumerable<(string What, ulong Value)> Numbers(ulong value, ulong max) =>
    [
        ("zero", 0), ("one", 1), ("one less", unchecked(value - 1) & max), ("one more", unchecked(value + 1) & max),
        ("the greatest but one", max - 1), ("the greatest", max),
    ];

    private static IEnumerable<(string What, object Value)> Texts(string value) =>
    [
        ("empty", ""), ("longer", value + "x"), ("shorter", value[..^Math.Min(1, value.Length)]), ("another case", value.ToUpperInvariant()),
        ("very long", new string('x', 10_000)), ("control characters", "\u001b[2J\0"),
    ];

    private static IEnumerable<(string What, object Value)> Bytes(ByteString value)
    {
        byte[] bytes = value.ToByteArray();
        yield return ("a byte more", ByteString.CopyFrom([.. bytes, 0]));
        if (bytes.Length == 0)
            yield break;
        yield return ("empty", ByteString.Empty);
        yield return ("without the first byte", ByteString.CopyFrom(bytes.AsSpan(1)));
        yield return ("without the last byte", ByteString.CopyFrom(bytes.AsSpan(..^1)));
        yield return ("half of it", ByteString.CopyFrom(bytes.AsSpan(..(bytes.Length / 2))));
        yield return ("zeros", ByteString.CopyFrom(new byte[bytes.Length]));
        foreach ((string name, int at) in Places(bytes.Length))
        {
            byte[] flipped = [.. bytes];
            flipped[at] ^= 1;
            yield return ($"a bit of the {name} byte", ByteString.CopyFrom(flipped));
        }
    }

    private IEnumerable<object> Spares(FieldDescriptor field) => _spares.TryGetValue(field, out List<object>? found) ? found.Take(SparesMax) : [];
}
