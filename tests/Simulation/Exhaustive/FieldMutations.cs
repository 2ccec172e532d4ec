using System.Collections;
using System.Numerics;
using System.Reflection;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>A message with one field changed.</summary>
/// <param name="Field">Which, by its path from the message's type: "ProposeMessage.Block.Header.LogRoot".</param>
/// <param name="What">How.</param>
/// <param name="Bytes">The message as it goes over the wire.</param>
internal sealed record FieldMutation(string Field, string What, byte[] Bytes);

/// <summary>
/// Changes every field of a message, one at a time. The fields are those that the message's type declares, and those of
/// everything in it: a new one is changed, too, and one of a type that nothing is known of is an error.
/// </summary>
/// <param name="samples">Messages whose parts take the place of others.</param>
internal sealed class FieldMutations(IReadOnlyList<ConsensusMessage> samples)
{
    private const int SparesMax = 2;

    private static readonly NullabilityInfoContext Nullability = new();
    private static readonly MethodInfo Clone =
        typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!;

    // The order of the group of secp256k1: n - s is the other signature that plain ECDSA takes for s.
    private static readonly BigInteger GroupOrder = BigInteger.Parse(
        "0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141", System.Globalization.NumberStyles.HexNumber);

    private readonly Dictionary<Type, List<object>> _spares = CollectSpares(samples);

    /// <summary>The fields of a type of message, and of what is in it.</summary>
    public static IReadOnlyCollection<string> FieldsOf(Type message)
    {
        var fields = new SortedSet<string>(StringComparer.Ordinal);
        AddFields(message.Name, message, fields);
        return fields;
    }

    /// <summary>Every change of every field whose bytes are not those of the message itself.</summary>
    public IEnumerable<FieldMutation> Of(ConsensusMessage message)
    {
        byte[] original = ConsensusMessageCodec.Encode(message);
        string name = message.GetType().Name;
        IEnumerable<FieldMutation> all = message is EvidenceMessage m
            ? EvidenceLayout.Mutate($"{name}.{nameof(m.Evidence)}", original)
            : ChangeParts(name, message).Select(c => (c.Field, c.What, Bytes: TryEncode((ConsensusMessage)c.Value!)))
                .Where(c => c.Bytes is not null).Select(c => new FieldMutation(c.Field, c.What, c.Bytes!));
        return all.Where(c => !c.Bytes.AsSpan().SequenceEqual(original));
    }

    private static void AddFields(string path, Type type, SortedSet<string> fields)
    {
        if (type == typeof(Evidence))
        {
            fields.UnionWith(EvidenceLayout.FieldsOf(path));
            return;
        }
        foreach (PropertyInfo property in Settable(type))
        {
            string field = $"{path}.{property.Name}";
            Type? element = ElementOf(property.PropertyType);
            Type inner = element ?? Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (element is not null || IsNullable(property) || IsLeaf(inner))
                fields.Add(field);
            if (!IsLeaf(inner))
                AddFields(field, inner, fields);
        }
    }

    private static bool IsNullable(PropertyInfo property) =>
        Nullability.Create(property).WriteState == NullabilityState.Nullable;

    private static IEnumerable<PropertyInfo> Settable(Type type)
    {
        PropertyInfo[] properties = [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.CanWrite)];
        return properties.Length > 0 ? properties : throw new NotSupportedException($"What can change in a {type}?");
    }

    private static bool IsLeaf(Type type) => type.IsPrimitive || type.IsEnum
        || type == typeof(Digest) || type == typeof(Signature) || type == typeof(PublicKey);

    private static Type? ElementOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    private static byte[]? TryEncode(ConsensusMessage message)
    {
        try
        {
            return ConsensusMessageCodec.Encode(message);
        }
        catch (ArgumentException)
        {
            return null; // there are no bytes for it, so nobody can send it
        }
    }

    private IEnumerable<(string Field, string What, object? Value)> ChangeParts(string path, object whole)
    {
        foreach (PropertyInfo property in Settable(whole.GetType()))
        {
            object? value = property.GetValue(whole);
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            foreach ((string field, string what, object? changed) in Change(
                $"{path}.{property.Name}", type, value, IsNullable(property)))
            {
                object copy = Clone.Invoke(whole, null)!;
                property.SetValue(copy, changed);
                yield return (field, what, copy);
            }
        }
    }

    private IEnumerable<(string Field, string What, object? Value)> Change(string path, Type type, object? value, bool isNullable)
    {
        if (isNullable && value is not null)
            yield return (path, "left out", null);
        if (isNullable)
        {
            foreach (object spare in Spares(type, value))
                yield return (path, "another in its place", spare);
        }
        if (value is null)
            yield break;
        IEnumerable<(string, string, object?)> changes = ElementOf(type) is { } element
            ? ChangeList(path, element, [.. ((IEnumerable)value).Cast<object>()])
            : IsLeaf(type) ? ChangeLeaf(type, value).Select(c => (path, c.What, (object?)c.Value))
            : ChangeParts(path, value);
        foreach ((string, string, object?) change in changes)
            yield return change;
    }

    private IEnumerable<(string Field, string What, object? Value)> ChangeList(string path, Type type, object[] items)
    {
        yield return (path, "none", ListOf(type, []));
        yield return (path, "without the first", ListOf(type, items.Skip(1)));
        yield return (path, "without the last", ListOf(type, items.SkipLast(1)));
        yield return (path, "the first twice", ListOf(type, items.Prepend(items[0])));
        yield return (path, "the last twice", ListOf(type, items.Append(items[^1])));
        yield return (path, "the first in the last's place", ListOf(type, items.SkipLast(1).Append(items[0])));
        yield return (path, "backwards", ListOf(type, items.Reverse()));
        for (int i = 0; i < items.Length; i++)
        {
            foreach ((string field, string what, object? changed) in Change(path, type, items[i], isNullable: false))
                yield return (field, $"{i}: {what}", ListOf(type, [.. items[..i], changed!, .. items[(i + 1)..]]));
        }
    }

    private static Array ListOf(Type type, IEnumerable<object> items)
    {
        object[] all = [.. items];
        var list = Array.CreateInstance(type, all.Length);
        Array.Copy(all, list, all.Length);
        return list;
    }

    private IEnumerable<(string What, object Value)> ChangeLeaf(Type type, object value)
    {
        if (type.IsEnum)
            return ChangeEnum(type, value);
        return value switch
        {
            Digest v => ChangeDigest(v),
            Signature v => ChangeSignature(v),
            long v => Numbers((ulong)(v + 1), uint.MaxValue).Select(n => ($"{n} - 1", (object)((long)n - 1))),
            ulong v => Numbers(v, ulong.MaxValue).Select(n => ($"{n}", (object)n)),
            uint v => Numbers(v, uint.MaxValue).Select(n => ($"{n}", (object)(uint)n)),
            ushort v => Numbers(v, ushort.MaxValue).Select(n => ($"{n}", (object)(ushort)n)),
            _ => throw new NotSupportedException($"How can a {type} be changed?"),
        };
    }

    /// <summary>The neighbours, small ones (every validator, and the first that there is not), and the ends.</summary>
    private static IEnumerable<ulong> Numbers(ulong value, ulong max) => new ulong[]
    {
        0, 1, 2, 3, 4, unchecked(value - 1), unchecked(value + 1), value ^ 0x80, max - 4, max - 1, max,
    }.Where(n => n != value && n <= max).Distinct();

    private static IEnumerable<(string What, object Value)> ChangeEnum(Type type, object value)
    {
        object[] known = [.. Enum.GetValues(type).Cast<object>()];
        byte beyond = (byte)(known.Max(Convert.ToByte) + 1);
        return known.Append(Enum.ToObject(type, beyond)).Append(Enum.ToObject(type, byte.MaxValue))
            .Where(v => !v.Equals(value)).Select(v => ($"{v}", v));
    }

    private IEnumerable<(string What, object Value)> ChangeDigest(Digest value)
    {
        for (int at = 0; at < Digest.Size; at += Digest.Size - 1)
            yield return ($"a bit of byte {at}", new Digest(Flip(value.Span, at)));
        yield return ("zero", Digest.Zero);
        foreach (object spare in Spares(typeof(Digest), value))
            yield return ("another in its place", spare);
    }

    private IEnumerable<(string What, object Value)> ChangeSignature(Signature value)
    {
        foreach (int at in (int[])[1, Digest.Size - 1, Digest.Size + 1, Signature.Size - 1])
        {
            if (Signature.TryParse(Flip(value.Span, at), out Signature flipped))
                yield return ($"a bit of byte {at}", flipped);
        }
        byte[] high = value.ToArray();
        byte[] s = (GroupOrder - new BigInteger(value.S, isUnsigned: true, isBigEndian: true)).ToByteArray(true, true);
        high.AsSpan(Digest.Size).Clear();
        s.CopyTo(high, Signature.Size - s.Length);
        if (Signature.TryParse(high, out Signature other))
            yield return ("its other s", other);
        yield return ("zero", default(Signature));
        foreach (object spare in Spares(typeof(Signature), value))
            yield return ("another in its place", spare);
    }

    private static byte[] Flip(ReadOnlySpan<byte> bytes, int at)
    {
        byte[] flipped = bytes.ToArray();
        flipped[at] ^= 1;
        return flipped;
    }

    private IEnumerable<object> Spares(Type type, object? instead) =>
        _spares.GetValueOrDefault(type, []).Where(s => !s.Equals(instead)).Take(SparesMax);

    private static Dictionary<Type, List<object>> CollectSpares(IEnumerable<ConsensusMessage> messages)
    {
        var spares = new Dictionary<Type, List<object>>();
        foreach (ConsensusMessage message in messages.Where(m => m is not EvidenceMessage))
            Collect(message, spares);
        return spares;
    }

    private static void Collect(object part, Dictionary<Type, List<object>> spares)
    {
        if (!spares.TryGetValue(part.GetType(), out List<object>? known))
            spares.Add(part.GetType(), known = []);
        if (!known.Contains(part))
            known.Add(part);
        if (IsLeaf(part.GetType()))
            return;
        foreach (PropertyInfo property in Settable(part.GetType()))
        {
            object? value = property.GetValue(part);
            IEnumerable<object> parts = value is null ? [] : ElementOf(property.PropertyType) is null
                ? [value] : ((IEnumerable)value).Cast<object>();
            foreach (object each in parts)
                Collect(each, spares);
        }
    }
}
