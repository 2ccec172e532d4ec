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
    private readonly List<MembershipEntry> _changes;

    /// <summary>The founding set and the changes after it; null for none.</summary>
    /// <exception cref="CorruptStateException">The changes do not follow from one another.</exception>
    public ValidatorHistory(ValidatorSet founding, MembershipState? state)
    {
        _sets = [founding];
        _changes = [.. state?.Changes ?? []];
        foreach (MembershipEntry entry in _changes)
            _sets.Add(Apply(_sets[^1], entry));
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

    /// <summary>The set that certifies the block of a height up to the next one's.</summary>
    public ValidatorSet At(ulong height)
    {
        int epoch = _changes.Count;
        while (epoch > 0 && height <= _changes[epoch - 1].Height)
            epoch--;
        return _sets[epoch];
    }

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
}
