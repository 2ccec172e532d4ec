using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Who certifies the blocks of every height: the founding departments, and every change since, as the state has them.
/// Immutable, safe from any thread.
/// </summary>
public sealed class ValidatorHistory
{
    private readonly List<ValidatorSet> _sets;
    private readonly List<MembershipEntry> _changes = [];

    /// <summary>The founding set and the changes after it; null for none.</summary>
    /// <exception cref="CorruptStateException">The changes do not follow from one another.</exception>
    public ValidatorHistory(ValidatorSet founding, MembershipState? state)
    {
        _sets = [founding];
        foreach (MembershipEntry entry in state?.Changes ?? [])
            Add(entry);
    }

    private ValidatorHistory(ValidatorHistory before, IEnumerable<MembershipEntry> entries)
    {
        _sets = [.. before._sets];
        _changes = [.. before._changes];
        foreach (MembershipEntry entry in entries)
            Add(entry);
    }

    /// <summary>The epoch of the next block.</summary>
    public ulong Epoch => (ulong)_changes.Count;

    /// <summary>The set that certifies the next block.</summary>
    public ValidatorSet Acting => _sets[^1];

    /// <summary>Every change so far, in order. Not to be changed.</summary>
    public IReadOnlyList<MembershipEntry> Changes => _changes;

    /// <summary>The history that a ledger's newest state gives.</summary>
    /// <exception cref="CorruptStateException">The state is damaged.</exception>
    public static ValidatorHistory Of(Genesis genesis, ILedgerView view) =>
        new(genesis.Validators, StateValue.Read<MembershipState>(view, StateKey.Membership));

    /// <summary>The epoch of the block of a height up to the next one's.</summary>
    public ulong EpochAt(ulong height)
    {
        int epoch = _changes.Count;
        while (epoch > 0 && height <= _changes[epoch - 1].Height)
            epoch--;
        return (ulong)epoch;
    }

    /// <summary>The set that certifies the block of a height up to the next one's.</summary>
    public ValidatorSet At(ulong height) => _sets[(int)EpochAt(height)];

    /// <summary>The set of an epoch; null for one that has not begun.</summary>
    public ValidatorSet? OfEpoch(ulong epoch) => epoch < (ulong)_sets.Count ? _sets[(int)epoch] : null;

    /// <summary>The department that has, or last had, the key as its validator's; null if none.</summary>
    public string? DepartmentOf(PublicKey key)
    {
        for (int i = _sets.Count - 1; i >= 0; i--)
        {
            if (_sets[i].IndexOf(key) is >= 0 and int index)
                return _sets[i][index].Department;
        }
        return null;
    }

    /// <summary>Every department that votes or has voted, with its newest key, ascending by id.</summary>
    public IReadOnlyList<Validator> All()
    {
        var all = new SortedDictionary<string, Validator>(StringComparer.Ordinal);
        foreach (ValidatorSet set in _sets)
        {
            foreach (Validator validator in set.Members)
                all[validator.Department] = validator;
        }
        return [.. all.Values];
    }

    /// <summary>This history with the changes that came after it.</summary>
    /// <exception cref="CorruptStateException">They do not follow from one another.</exception>
    public ValidatorHistory With(IEnumerable<MembershipEntry> entries) => new(this, entries);

    /// <summary>Whether a state has these changes, at these heights, and no others.</summary>
    public bool Agrees(MembershipState? state) =>
        _changes.Count == (state?.Changes.Count ?? 0)
        && _changes.Zip(state?.Changes ?? []).All(static c => c.First.Department == c.Second.Department
            && c.First.NewKey == c.Second.NewKey && c.First.Height == c.Second.Height);

    /// <summary>The set after a change.</summary>
    /// <exception cref="CorruptStateException">It does not fit the set.</exception>
    internal static ValidatorSet Apply(ValidatorSet set, MembershipEntry entry)
    {
        int index = set.IndexOf(entry.Department);
        if (entry.OldKey.IsEmpty != index < 0 || (index >= 0 && !entry.OldKey.Span.SequenceEqual(set[index].Key.Span)))
            throw new CorruptStateException(StateKey.Membership, $"a change of {entry.Department} that does not fit the set before it");
        IEnumerable<Validator> others = set.Members.Where(v => v.Department != entry.Department);
        if (entry.NewKey.IsEmpty)
            return new ValidatorSet(others);
        return PublicKey.TryParse(entry.NewKey.Span, out PublicKey? key)
            ? new ValidatorSet(others.Append(new Validator(entry.Department, key)))
            : throw new CorruptStateException(StateKey.Membership, "something that is no key");
    }

    /// <summary>The set after what a block has written.</summary>
    internal static ValidatorSet Next(StateOverlay state, ValidatorSet acting) =>
        state.Written<MembershipState>(StateKey.Membership) is { } written ? Apply(acting, written.Changes[^1]) : acting;

    private void Add(MembershipEntry entry)
    {
        _sets.Add(Apply(_sets[^1], entry));
        _changes.Add(entry);
    }
}
