using System.Runtime.InteropServices;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>A table or blob file that the database consists of.</summary>
/// <param name="Name">File name.</param>
/// <param name="Bytes">Its length when it was finished.</param>
/// <param name="Checksum">CRC-32C of all its bytes; null for a file of a version that kept none.</param>
/// <param name="Holds">The column family, and which keys of it.</param>
internal sealed record LedgerFile(string Name, long Bytes, uint? Checksum, string Holds);

/// <summary>The files that the database consists of, as its manifest names them.</summary>
internal sealed partial class LedgerDatabase
{
    private const int TableFile = 2;
    private const int BlobFile = 10;

    /// <summary>Every table and blob file. What else lies in the directory is no part of the ledger.</summary>
    public IReadOnlyList<LedgerFile> ListFiles()
    {
        Native native = Native.Instance;
        Dictionary<string, string> tables = DescribeTables();
        var files = new List<LedgerFile>();
        IntPtr options = native.rocksdb_livefiles_storage_info_options_create();
        IntPtr info = IntPtr.Zero;
        try
        {
            native.rocksdb_livefiles_storage_info_options_set_include_checksum_info(options, 1);
            // Without this the log would be flushed first.
            native.rocksdb_livefiles_storage_info_options_set_wal_size_for_flush(options, ulong.MaxValue);
            info = native.rocksdb_get_livefiles_storage_info(_db.Handle, options);
            nuint count = native.rocksdb_livefiles_storage_info_count(info);
            for (nuint i = 0; i < count; i++)
            {
                int type = native.rocksdb_livefiles_storage_info_file_type(info, i);
                if (type is not (TableFile or BlobFile))
                    continue;
                string name = Text(native.rocksdb_livefiles_storage_info_relative_filename(info, i));
                string function = Text(native.rocksdb_livefiles_storage_info_file_checksum_func_name(info, i));
                files.Add(new LedgerFile(
                    name,
                    (long)native.rocksdb_livefiles_storage_info_size(info, i),
                    function == "FileChecksumCrc32c" ? ReadChecksum(native.rocksdb_livefiles_storage_info_file_checksum(info, i)) : null,
                    type == BlobFile ? $"{NameOf(LedgerColumn.Entries)}, long values" : tables.GetValueOrDefault(name, "")));
            }
            return files;
        }
        catch (RocksDbException e)
        {
            throw Translate(Location, e);
        }
        finally
        {
            if (info != IntPtr.Zero)
                native.rocksdb_livefiles_storage_info_destroy(info);
            native.rocksdb_livefiles_storage_info_options_destroy(options);
        }
    }

    private Dictionary<string, string> DescribeTables()
    {
        Native native = Native.Instance;
        var tables = new Dictionary<string, string>(StringComparer.Ordinal);
        IntPtr files = native.rocksdb_livefiles(_db.Handle);
        int count = native.rocksdb_livefiles_count(files);
        for (int i = 0; i < count; i++)
        {
            string family = Text(native.rocksdb_livefiles_column_family_name(files, i));
            LedgerColumn column = Columns.First(c => NameOf(c) == family);
            IntPtr first = native.rocksdb_livefiles_smallestkey(files, i, out nuint firstLength);
            IntPtr last = native.rocksdb_livefiles_largestkey(files, i, out nuint lastLength);
            tables[Text(native.rocksdb_livefiles_name(files, i)).TrimStart('/')] =
                $"{family}, {LedgerKey.Describe(column, Bytes(first, firstLength))} to "
                + LedgerKey.Describe(column, Bytes(last, lastLength));
        }
        native.rocksdb_livefiles_destroy(files);
        return tables;
    }

    private static string Text(IntPtr text) => Marshal.PtrToStringUTF8(text) ?? "";

    private static byte[] Bytes(IntPtr from, nuint length)
    {
        byte[] bytes = new byte[length];
        Marshal.Copy(from, bytes, 0, bytes.Length);
        return bytes;
    }

    /// <summary>Four bytes, most significant first, in a string that may hold zeros.</summary>
    private static uint ReadChecksum(IntPtr text) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(Bytes(text, sizeof(uint)));
}
