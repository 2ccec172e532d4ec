using System.Text;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>A department with a vote.</summary>
public sealed record Validator(string Department, PublicKey Key);

/// <summary>
/// The departments that certify blocks in one epoch, ascending by id (ordinal). A validator's index in it is what
/// votes, certificates and headers name.
/// </summary>
public sealed class ValidatorSet
{
    private readonly Validator[] _validators;

    /// <summary>Takes validators in any order.</summary>
    /// <exception cref="ArgumentException">None, more than <see cref="Limits.ValidatorsMax"/>, or an id or a key twice.
    /// </exception>
    public ValidatorSet(IEnumerable<Validator> validators)
    {
        _validators = [.. validators.OrderBy(v => v.Department, StringComparer.Ordinal)];
        if (_validators.Length is 0 or > Limits.ValidatorsMax)
            throw new ArgumentException($"A validator set has 1 to {Limits.ValidatorsMax} members.", nameof(validators));
        for (int i = 1; i < _validators.Length; i++)
        {
            if (_validators[i].Department == _validators[i - 1].Department)
                throw new ArgumentException($"Department {_validators[i].Department} stands twice.", nameof(validators));
        }
        if (_validators.Select(v => v.Key).Distinct().Count() != _validators.Length)
            throw new ArgumentException("Two departments share a validator key.", nameof(validators));
        Hash = ComputeHash();
    }

    /// <summary>n.</summary>
    public int Count => _validators.Length;

    /// <summary>Votes that make a certificate.</summary>
    public int QuorumSize => Quorum.Size(Count);

    /// <summary>SHA-256(set tag | u16 n | n x (u8 length, id, 33-byte key)).</summary>
    public Digest Hash { get; }

    /// <summary>The validators, by index.</summary>
    public IReadOnlyList<Validator> Members => _validators;

    /// <summary>The validator at <paramref name="index"/>, 0 to n - 1.</summary>
    public Validator this[int index] => _validators[index];

    /// <summary>The index of a department, or -1.</summary>
    public int IndexOf(string department)
    {
        for (int i = 0; i < _validators.Length; i++)
        {
            if (string.Equals(_validators[i].Department, department, StringComparison.Ordinal))
                return i;
        }
        return -1;
    }

    /// <summary>The index of the validator with this key, or -1.</summary>
    public int IndexOf(PublicKey key) => Array.FindIndex(_validators, v => v.Key == key);

    private Digest ComputeHash()
    {
        byte[] bytes = new byte[2 + _validators.Sum(v => 1 + v.Department.Length + PublicKey.Size)];
        var w = new BigEndianWriter(bytes);
        w.U16(Count);
        foreach (Validator v in _validators)
        {
            w.U8(checked((byte)v.Department.Length));
            w.Bytes(Encoding.ASCII.GetBytes(v.Department));
            w.Bytes(v.Key.Span);
        }
        return DomainTag.Hash(DomainTag.ValidatorSet, bytes);
    }
}
