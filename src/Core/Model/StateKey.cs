using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>What a value of the authenticated state is. The numbers are hashed: frozen.</summary>
public enum StateKind : byte
{
    /// <summary>The ledger's parameters.</summary>
    Parameters = 1,

    /// <summary>A department.</summary>
    Department = 2,

    /// <summary>An officer's public key and when it may sign.</summary>
    OfficerKey = 3,

    /// <summary>An officer, by department and staff number.</summary>
    Officer = 4,

    /// <summary>A record type.</summary>
    RecordType = 5,

    /// <summary>A record's current version.</summary>
    Record = 6,

    /// <summary>What the next height's leader is computed from.</summary>
    Leader = 7,

    /// <summary>The newest proposal of a department.</summary>
    Proposal = 8,

    /// <summary>The newest change of a record that was submitted for approval.</summary>
    Submission = 9,

    /// <summary>The newest delegation of one officer to another.</summary>
    Delegation = 10,

    /// <summary>Every change of the validators.</summary>
    Membership = 12,

    /// <summary>The protocol version, and the one that is scheduled.</summary>
    Protocol = 13,

    /// <summary>A root of a department's read log.</summary>
    ReadRoot = 14,
}

/// <summary>
/// The name of a state value: kind | id. Its place in the state tree is SHA-256(kind | id). Ordered as its bytes, so
/// that the records of a type stand together.
/// </summary>
public sealed class StateKey : IEquatable<StateKey>, IComparable<StateKey>
{
    private readonly byte[] _bytes;
    private StrongBox<Digest>? _treeKey; // threads meet here, and a digest by itself is written in several steps

    /// <summary>Takes a kind and the id's bytes.</summary>
    public StateKey(StateKind kind, ReadOnlySpan<byte> id)
    {
        _bytes = new byte[1 + id.Length];
        _bytes[0] = (byte)kind;
        id.CopyTo(_bytes.AsSpan(1));
    }

    /// <summary>The ledger's parameters.</summary>
    public static StateKey Parameters { get; } = new(StateKind.Parameters, "parameters"u8);

    /// <summary>The leader state.</summary>
    public static StateKey Leader { get; } = new(StateKind.Leader, "leader"u8);

    /// <summary>The changes of the validators.</summary>
    public static StateKey Membership { get; } = new(StateKind.Membership, "membership"u8);

    /// <summary>The protocol version.</summary>
    public static StateKey Protocol { get; } = new(StateKind.Protocol, "protocol"u8);

    /// <summary>Whether each ledger has one such value at most, under this name.</summary>
    public bool IsSingle => Equals(Parameters) || Equals(Leader) || Equals(Membership) || Equals(Protocol);

    /// <summary>The kind.</summary>
    public StateKind Kind => (StateKind)_bytes[0];

    /// <summary>The id, without the kind.</summary>
    public ReadOnlySpan<byte> Id => _bytes.AsSpan(1);

    /// <summary>kind | id.</summary>
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>SHA-256(kind | id): the leaf's place in the state tree. Computed once.</summary>
    public Digest TreeKey => (_treeKey ??= new StrongBox<Digest>(Sha256.Hash(_bytes))).Value;

    /// <summary>A department's entry.</summary>
    public static StateKey Department(string id) => new(StateKind.Department, Encoding.ASCII.GetBytes(id));

    /// <summary>An officer key's entry.</summary>
    public static StateKey OfficerKey(PublicKey key) => new(StateKind.OfficerKey, key.Span);

    /// <summary>An officer's entry.</summary>
    public static StateKey Officer(string department, string officerId) => Pair(StateKind.Officer, department, officerId);

    /// <summary>A record type's entry.</summary>
    public static StateKey RecordType(string type) => new(StateKind.RecordType, Encoding.ASCII.GetBytes(type));

    /// <summary>A record's entry.</summary>
    public static StateKey Record(string type, string id) => Pair(StateKind.Record, type, id);

    /// <summary>A department's newest proposal.</summary>
    public static StateKey Proposal(string department) => new(StateKind.Proposal, Encoding.ASCII.GetBytes(department));

    /// <summary>A record's newest submission.</summary>
    public static StateKey Submission(string type, string id) => Pair(StateKind.Submission, type, id);

    /// <summary>What one officer of a department has delegated to another.</summary>
    public static StateKey Delegation(string department, string delegator, string officerId) =>
        Pair(StateKind.Delegation, department, $"{delegator}\0{officerId}");

    /// <summary>A root of a department's read log; the digits have one length, so that the roots stand in their order.</summary>
    public static StateKey ReadRoot(string department, ulong number) =>
        Pair(StateKind.ReadRoot, department, number.ToString("D20", CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public bool Equals(StateKey? other) => other is not null && Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StateKey);

    /// <summary>From the tree key, which is uniform and the same in every process.</summary>
    public override int GetHashCode() => TreeKey.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(StateKey? other) => other is null ? 1 : Span.SequenceCompareTo(other.Span);

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}:{Encoding.UTF8.GetString(Id).Replace('\0', '/')}";

    /// <summary>first | 0x00 | second: the alphabets of both exclude the zero byte, so no two pairs meet.</summary>
    private static StateKey Pair(StateKind kind, string first, string second) =>
        new(kind, Encoding.ASCII.GetBytes($"{first}\0{second}"));
}
